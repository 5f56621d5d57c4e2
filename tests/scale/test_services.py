"""The endpoint's service and what stands for it with the driver, in one process and in simulated time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from digest.config import ModelSettings
from digest.llm.cached_client import CachedClient
from digest.llm.retry import PATIENCE
from digest.model import Message, Request
from tests.ledger.memory import MemoryLedger
from tests.llm.simulated import Model, no_connection, now, run

if TYPE_CHECKING:
    from digest.scale.ray_services import Relay
    from digest.scale.ray_shared import RelayEndpoint

pytest.importorskip("ray", reason="ray is not installed: pip install -e '.[scale]' has it")
pytestmark = pytest.mark.slow  # Ray takes a second to import

AT_ONCE, ALL = 8, 400
SETTINGS = ModelSettings(
    name="m", base_url="http://model/v1", key=SecretStr("k"), timeout=120, concurrency=AT_ONCE
)


class _Direct:
    """A relay to a service of this process."""

    def __init__(self, host: Any) -> None:
        self.host = host

    async def later(self, method: str, *args: object) -> Any:
        return await getattr(self.host, method)(*args)

    def now(self, method: str, *args: object) -> Any:
        return getattr(self.host, method)(*args)


def in_simulated_time(model: Model, go: Callable[[RelayEndpoint], Awaitable[None]]) -> None:
    from digest.scale.ray_shared import RelayEndpoint, _EndpointHost

    async def inside() -> None:
        ledger = MemoryLedger()
        patient = SETTINGS.model_copy(update={"patience": PATIENCE})  # as a back-fill has it
        host = _EndpointHost(patient, ledger, asyncio.get_running_loop().time, restarted=False)
        host._endpoint._client = model  # type: ignore[assignment]  # the SDK's client
        relay: Any = _Direct(host)
        service: Relay = relay
        await go(RelayEndpoint(patient, service, ledger))

    run(inside)


def question(number: int) -> Request:
    return Request(model="m", messages=(Message(role="user", content=f"question {number}."),), max_tokens=100)


def test_ten_minutes_without_an_endpoint_lose_nothing_and_cost_nothing() -> None:
    def gone(at: float, _: str) -> Exception | None:
        return no_connection(ConnectionRefusedError(111, "Connect call failed")) if 100 <= at < 700 else None

    model, ledger = Model(5, slots=AT_ONCE, trouble=gone), MemoryLedger()

    async def go(endpoint: RelayEndpoint) -> None:
        client = CachedClient(endpoint, ledger, 1)
        await asyncio.gather(*(client.ask(question(number), "p") for number in range(ALL)))
        assert client.usage.asked == ALL
        assert now() <= 700 + 60 + ALL / AT_ONCE * 5

    in_simulated_time(model, go)
    taken = [at for at in model.asked if not 100 <= at < 700]
    assert len(taken) <= ALL + AT_ONCE
    assert len([at for at in model.asked if 110 <= at < 700]) <= 60  # not hammered


def test_no_more_is_handed_over_than_may_be_under_way() -> None:
    """The service outlives a driver that is killed: what it holds then is asked in vain, and no more."""
    model = Model(5, slots=AT_ONCE)

    async def go(endpoint: RelayEndpoint) -> None:
        asking = [asyncio.create_task(endpoint.complete(question(number))) for number in range(ALL)]
        await asyncio.sleep(12)  # on the loop's clock, which tests move
        before = len(model.asked)
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        await asyncio.sleep(600)  # on the loop's clock, which tests move
        assert len(model.asked) == before

    in_simulated_time(model, go)


def test_the_same_question_is_under_way_once() -> None:
    model = Model(5, slots=AT_ONCE)

    async def go(endpoint: RelayEndpoint) -> None:
        await asyncio.gather(*(endpoint.complete(question(1)) for _ in range(AT_ONCE)))

    in_simulated_time(model, go)
    assert len(model.asked) == 1


def test_a_relay_that_others_get_knows_a_name_and_no_key() -> None:
    import pickle

    from digest.scale.ray_services import Relay

    copied = pickle.dumps(Relay("digest-endpoint-1", b"sk-not-to-be-seen", "node"))
    assert b"sk-" not in copied
    assert pickle.loads(copied).name == "digest-endpoint-1"
