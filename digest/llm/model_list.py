"""The models that an endpoint lists."""

from __future__ import annotations

import asyncio

from digest.llm.endpoint import Endpoint
from digest.llm.response import MalformedError, names_in, parse
from digest.system.errors import ModelError


async def listed_models(endpoint: Endpoint, patience: float) -> tuple[str, ...]:
    """The names that an endpoint lists; it may answer to others too.

    Args:
        endpoint: which.
        patience: seconds that it may take.

    Raises:
        ModelError: it lists none, does not accept the key, or cannot be reached.
    """
    import httpx2
    import openai

    try:
        async with asyncio.timeout(patience):
            response = await endpoint.client().get("/models", cast_to=httpx2.Response)
    except openai.APIStatusError as error:
        raise endpoint.explain(error) from error
    except (openai.APIConnectionError, TimeoutError) as error:
        raise ModelError(f"{endpoint.address} did not answer ({endpoint.reason(error)}).") from error
    try:
        kind = response.headers.get("content-type", "")
        names = names_in(parse(response.content, kind, endpoint.redactor))
    except MalformedError as error:
        raise ModelError(f"{endpoint.address}: {error}.") from error
    if not names:
        raise ModelError(f"{endpoint.address} answers, but lists none.")
    return names
