"""The SDK's client for one endpoint; its own retries are off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.config import ModelSettings
from digest.llm.presets import Preset
from digest.system.network import client_options, explained

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2
    import openai

_SLOWER = 5
"""So many times as long as `timeout` a server on this machine gets: there, one that is slow is far commoner
than one that hangs, and a question that is cut off begins anew. By default the SDK's own 600 s."""

_CONNECT = 15.0
"""Seconds until a server that does not even take the connection is held to be unreachable."""

MOST_BYTES = 8_000_000
"""Bytes of an answer; a good one has 2 KB, and a stream of thoughts that nobody asked for some hundred."""

_AS_GET = {301, 302, 303}


class RedirectedError(Exception):
    """A question was sent on in a way that loses it; the text is the address it was sent to."""


class TooLargeAnswerError(Exception):
    """An answer of more than MOST_BYTES, which was read no further."""


def timeout_of(settings: ModelSettings, preset: Preset) -> float:
    """Seconds that one question may take once it was sent."""
    return settings.timeout * (_SLOWER if preset.loopback else 1)


def timeouts(length: float) -> httpx2.Timeout:
    """The time limits, step by step, of a question that may take so many seconds."""
    import httpx2

    return httpx2.Timeout(length, connect=min(_CONNECT, length))


def connect(settings: ModelSettings, preset: Preset) -> openai.AsyncOpenAI:
    """Make a client: imported where it is first needed, since the SDK takes half a second.

    Raises:
        UsageError: a variable of the environment makes it impossible; names it.
    """
    import openai

    options = client_options(preset.base_url)
    with explained():
        return openai.AsyncOpenAI(
            api_key=settings.key.get_secret_value() or "none",
            base_url=preset.base_url,
            timeout=timeouts(timeout_of(settings, preset)),
            max_retries=0,
            default_headers=settings.headers,
            http_client=openai.DefaultAsyncHttpxClient(
                event_hooks={"response": [_stop_at_get, _bound]}, **options
            ),
        )


async def _stop_at_get(response: httpx2.Response) -> None:
    """A POST is followed as a GET, without its body, by everybody: RFC 9110, section 15.4.2."""
    if response.status_code in _AS_GET and response.request.method == "POST":
        location = response.headers.get("location", "")
        if location.startswith("/"):
            location = f"{response.url.scheme}://{response.url.netloc.decode()}{location}"
        raise RedirectedError(location.removesuffix("/chat/completions"))


async def _bound(response: httpx2.Response) -> None:
    """Let nobody fill the memory: an answer is held several times over while it is taken apart."""
    import httpx2

    if not response.request.url.path.endswith("/chat/completions"):  # the answers of a batch come in one file
        return
    assert isinstance(response.stream, httpx2.AsyncByteStream)  # of an asynchronous client
    whole: httpx2.AsyncByteStream = response.stream

    class Bounded(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for piece in whole:
                size += len(piece)
                if size > MOST_BYTES:
                    raise TooLargeAnswerError
                yield piece

        async def aclose(self) -> None:
            await whole.aclose()

    response.stream = Bounded()
