"""The cost of answers, in US dollars, and a ceiling for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from digest.config import ModelSettings
from digest.llm.presets import Preset
from digest.model import Request, Usage
from digest.system.errors import QuotaError, UsageError

BATCH = 0.5
"""The Batch API's share of the price (OpenAI, SiliconFlow: guides/batch; Model Studio the same)."""

Price = Callable[[str, Usage], float | None]
"""The cost of an answer of a model, in US dollars; None when price or usage is not known, never 0."""


def prices(settings: ModelSettings, preset: Preset) -> Price:
    """The prices of an endpoint's answers: by the settings, else by the price table of genai-prices.

    The table is part of that package: nothing is fetched. It knows prices by endpoint; one that it does not
    know has none, nor has a server on this machine.
    """
    own = settings.price
    if own is None:
        known = not preset.loopback
        return lambda model, usage: (
            _by_table(model, usage, preset.base_url) if known and usage.input else None
        )
    cached = own.input if own.cached is None else own.cached

    def by_settings(_: str, usage: Usage) -> float | None:
        if not usage.input:
            return None
        fresh = max(0, usage.input - usage.cached)
        return (fresh * own.input + usage.cached * cached + usage.output * own.output) / 1e6

    return by_settings


def _by_table(model: str, usage: Usage, address: str) -> float | None:
    from genai_prices import Usage as Priced
    from genai_prices import calc_price  # a quarter of a second, paid only by runs that ask

    tokens = Priced(input_tokens=usage.input, cache_read_tokens=usage.cached, output_tokens=usage.output)
    try:
        return float(calc_price(tokens, model, provider_api_url=address).total_price)
    except (LookupError, ValueError, TypeError, ArithmeticError):  # a price must never end a run
        return None


class Budget:
    """Keeps what is spent below a ceiling: a question is sent only when its dearest answer would still fit.

    Args:
        ceiling: US dollars; None: no ceiling.
        price: see `Price`.
        fallback: the model that may be asked too; without its price no ceiling can be kept either.
    """

    def __init__(self, ceiling: float | None, price: Price, fallback: str = "") -> None:
        self._ceiling = ceiling
        self._price = price
        self._fallback = fallback
        self._spent = 0.0
        self._reserved: list[float] = []
        self._settled = asyncio.Event()

    async def reserve(self, request: Request) -> float:
        """Set aside what a question may cost at most, waiting for answers under way to turn out cheaper.

        Raises:
            QuotaError: it would not fit; the code is `ceiling`.
            UsageError: the price is not known.
        """
        if self._ceiling is None:
            return 0.0
        most = self._most(request, request.model)
        if self._fallback:
            self._most(request, self._fallback)
        while self._spent + sum(self._reserved) + most > self._ceiling:
            if not self._reserved:
                raise QuotaError(
                    f"The next question could exceed the ceiling of ${self._ceiling:g} (${self._spent:.4f} "
                    "are spent). Raise --max-cost and run again to go on.",
                    "ceiling",
                )
            self._settled.clear()
            await self._settled.wait()
        self._reserved.append(most)
        return most

    def fits(self, most: float) -> bool:
        """True if there is room for so much more."""
        return self._ceiling is None or self._spent + sum(self._reserved) + most <= self._ceiling

    def commit(self, most: float) -> None:
        """Count what a batch may cost at most as spent."""
        self._spent += most

    def settle(self, reserved: float, cost: float | None) -> None:
        """Count what a question cost instead of what was set aside for it; None: that is not known."""
        if self._ceiling is not None:
            self._reserved.remove(reserved)
            self._spent += reserved if cost is None else cost
            self._settled.set()

    def _most(self, request: Request, model: str) -> float:
        usage = Usage(input=max(1, request.tokens - request.max_tokens), output=request.max_tokens)
        most = self._price(model, usage)
        if most is None:
            raise UsageError("No price is known of the model, so no ceiling can be kept. Set [model.price].")
        return most
