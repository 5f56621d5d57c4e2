"""Chat through Apprise: one message to what one address names, and what the service really said to it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from digest.deliver.compose import Composed
from digest.deliver.sending import Secrets, SendOutcome
from digest.deliver.services import SERVICES, MessageFormat, Service, any_other
from digest.system.errors import UsageError

if TYPE_CHECKING:
    import requests
    from apprise import NotifyBase

logger = logging.getLogger(__name__)

Template = Literal["auto", "text", "markdown", "html"]

_NOT_INSTALLED = "chat needs Apprise: pip install 'bilingual-arxiv-digest[deliver]'"
_NATIVE = {
    r"https://open\.feishu\.cn/open-apis/bot/v2/hook/([\w-]+)/?": "feishu://{}",
    r"https://oapi\.dingtalk\.com/robot/send\?access_token=(\w+)": "dingtalk://{}",
    r"https://sctapi\.ftqq\.com/(\w+)\.send": "schan://{}",
    r"https://api\.day\.app/(\w+)/?": "barks://api.day.app/{}",
}
"""Addresses as services show them, and as Apprise knows them; others it takes as they are shown."""

_BY_ATTRIBUTE = {"ntfy", "bark", "pushplus"}
"""Services whose plugins look at an attribute to tell the form, and not at what they are handed."""

_NO_PREVIEWS = 4
"""Discord's flag SUPPRESS_EMBEDS: no previews of the pages that a message links to."""


class Chat:
    """One address of Apprise's, such as feishu://TOKEN.

    Args:
        address: it, a secret.
        template: the form of messages; auto: what suits the service.
        timeout: seconds that the service may keep silent.

    Attributes:
        down: why nothing further is to be sent now: the service was not reached, or kept silent.

    Raises:
        UsageError: Apprise is not there, cannot use the address, or the service does not take the form; the
            message does not show the address.
    """

    def __init__(self, address: str, template: Template, timeout: float) -> None:
        self.down = ""
        self._secrets = Secrets([address])
        self._plugin = _plugin(address)
        self._plugin.socket_connect_timeout = self._plugin.socket_read_timeout = timeout
        self._scheme = _scheme(self._plugin)
        self.service = SERVICES.get(self._scheme) or _other(self._plugin)
        name = next(iter(self.service.formats)) if template == "auto" else template
        if name not in self.service.formats:
            allowed = ", ".join(self.service.formats)
            raise UsageError(f"{self._scheme} takes no {name}; template may be auto, {allowed}.")
        self._format = name
        self.form: MessageFormat = self.service.formats[name]

    def send(self, message: Composed) -> SendOutcome:
        """Send a message, once."""
        with _exchange() as seen, _quiet():
            try:
                took = bool(self._post(message))
            except Exception as error:  # noqa: BLE001 - of a plugin; it may have sent before it failed
                logger.debug("the plugin failed: %s", self._secrets.taken_out(repr(error)))
                return SendOutcome("unsure", f"Apprise failed with {type(error).__name__}")
        return self._judged(seen[-1] if seen else None, took=took)

    def _post(self, message: Composed) -> object:
        """Hand the message to the plugin as it is, past conversions and splitting."""
        from apprise import NotifyFormat

        plugin, title = self._plugin, message.title if self.service.title else ""
        form = NotifyFormat(self._format)
        if self._scheme == "wecombot" and self._format == "markdown":
            return _wecom_markdown(plugin, message.body)
        if self._scheme in _BY_ATTRIBUTE:
            plugin.notify_format = form
        if self._scheme not in SERVICES:
            return plugin.notify(body=message.body, title=title, body_format=form)
        return plugin.send(body=message.body, title=title, body_format=form, body_passthrough=False)

    def _judged(self, last: requests.Response | Exception | None, *, took: bool) -> SendOutcome:
        import requests

        if last is None:  # a service that is not asked over HTTP
            return SendOutcome("sent") if took else SendOutcome("failed", "Apprise could not send it")
        if isinstance(last, requests.Response):
            return self._answered(last, took=took)
        silent = isinstance(last, requests.Timeout | requests.exceptions.ChunkedEncodingError)
        if silent and not isinstance(last, requests.ConnectTimeout):
            self.down = "the service keeps silent"
            return SendOutcome("unsure", "the service did not say in time whether it took it")
        tls = isinstance(last, requests.exceptions.SSLError)
        why = "TLS failed" if tls else "no connection in time" if silent else "no connection, or a broken one"
        self.down = f"the service cannot be reached: {why}"
        return SendOutcome("failed", self.down)

    def _answered(self, last: requests.Response, *, took: bool) -> SendOutcome:
        said = self.service.took(last.text) if last.ok else False
        if took and said:
            return SendOutcome("sent")
        if said is None:
            return SendOutcome(
                "unsure",
                f"the service answered {last.status_code}: {self._shown(last)}; one that took it answers "
                f"{self.service.expected}",
            )
        return SendOutcome("failed", f"the service answered {last.status_code}: {self._shown(last)}")

    def _shown(self, answer: requests.Response) -> str:
        return self._secrets.taken_out(answer.text[:2000]) or "nothing"


def _plugin(address: str) -> Any:  # noqa: ANN401 - plugins have attributes of their own
    try:
        import apprise
    except ImportError:
        raise UsageError(f"{_NOT_INSTALLED}.") from None
    asset = apprise.AppriseAsset(
        app_id="bilingual-arxiv-digest",
        app_desc="arXiv digest",
        app_url="",
        image_url_mask="",
        image_url_logo="",
    )
    with _quiet():
        plugin: Any = apprise.Apprise.instantiate(_known(address), asset=asset, suppress_exceptions=True)
    if plugin is None:
        known = ", ".join(f"{scheme}://" for scheme in SERVICES)
        raise UsageError(f"it holds no address that Apprise can use. Addresses begin with {known}.")
    if len(plugin) > 1 and _scheme(plugin) != "dingtalk":  # there they are people to mention
        raise UsageError(
            "it names several recipients: give each a channel of its own, to be tried again alone."
        )
    if _scheme(plugin) == "discord":
        plugin.flags = (plugin.flags or 0) | _NO_PREVIEWS
    return plugin


def _known(address: str) -> str:
    for native, scheme in _NATIVE.items():
        if found := re.fullmatch(native, address):
            return scheme.format(found[1])
    return address


def _scheme(plugin: Any) -> str:  # noqa: ANN401 - as above
    """The service, whether with TLS or without."""
    schemes = plugin.secure_protocol or plugin.protocol
    first = schemes if isinstance(schemes, str) else schemes[0]
    return first[:-1] if first in {"ntfys", "barks"} else first


def _other(plugin: NotifyBase) -> Service:
    return any_other(plugin.body_maxlen, max(0, plugin.title_maxlen))


def _wecom_markdown(plugin: Any, body: str) -> bool:  # noqa: ANN401 - as above
    """Apprise sends WeCom text only; Markdown may be twice as long, and has links."""
    import requests

    message = {"msgtype": "markdown", "markdown": {"content": body}}
    try:
        answer = requests.post(
            plugin.api_url, json=message, timeout=plugin.request_timeout, verify=plugin.verify_certificate
        )
    except requests.RequestException:
        return False
    return answer.ok


@contextmanager
def _exchange() -> Iterator[list[requests.Response | Exception]]:
    """The answers to the requests inside, or what went wrong: of this, plugins only tell True or False."""
    import requests

    seen: list[requests.Response | Exception] = []
    send: Callable[..., requests.Response] = requests.Session.send

    def watched(
        session: requests.Session,
        request: requests.PreparedRequest,
        **options: Any,
    ) -> requests.Response:
        try:
            answer = send(session, request, **options)
        except Exception as error:  # noted, and raised again
            seen.append(error)
            raise
        seen.append(answer)
        return answer

    requests.Session.send = watched  # type: ignore[assignment,method-assign]  # plugins make sessions of their own
    try:
        yield seen
    finally:
        requests.Session.send = send  # type: ignore[method-assign]  # as it was


@contextmanager
def _quiet() -> Iterator[None]:
    """Inside, Apprise logs nothing: what it says may hold the address, and we say it ourselves."""
    log = logging.getLogger("apprise")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before
