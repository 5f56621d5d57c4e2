"""Prices, presets and what of them belongs to a question."""

from __future__ import annotations

from typing import Any

import pytest

from digest.config import ModelSettings, load
from digest.llm.cost import Budget, prices
from digest.llm.presets import Preset, _presets, preset_of
from digest.model import Message, Request, Usage
from digest.system.errors import UsageError

USAGE = Usage(input=3000, cached=1000, output=200)


def settings(**given: Any) -> ModelSettings:
    return ModelSettings.model_validate(given)


def price(model: str, **given: Any) -> float | None:
    wanted = settings(**given)
    return prices(wanted, preset_of(wanted))(model, USAGE)


def test_own_prices_count_cached_tokens_apart() -> None:
    own = {"input": 1.0, "cached": 0.1, "output": 4.0}
    assert price("m", price=own) == pytest.approx((2000 * 1 + 1000 * 0.1 + 200 * 4) / 1e6)
    del own["cached"]
    assert price("m", price=own) == pytest.approx((3000 * 1 + 200 * 4) / 1e6)


@pytest.mark.parametrize(
    ("model", "preset"), [("gpt-4o-mini", "openai"), ("deepseek-chat", "deepseek"), ("gpt-4o", "")]
)
def test_known_models_have_a_price(model: str, preset: str) -> None:
    assert 0 < (price(model, preset=preset) or 0) < 0.05


@pytest.mark.parametrize(
    ("model", "given"),
    [
        ("no-such-model", {}),
        ("gpt-4o-mini", {"base_url": "http://127.0.0.1:9/v1"}),
        ("gpt-4o-mini", {"base_url": "https://llm.example.org/v1"}),
    ],
)
def test_an_unknown_price_is_none_and_no_crash(model: str, given: dict[str, Any]) -> None:
    assert price(model, **given) is None


def test_unknown_usage_is_unknown_cost() -> None:
    for given in (settings(price={"input": 1.0, "output": 1.0}), settings(preset="openai")):
        assert prices(given, preset_of(given))("gpt-4o-mini", Usage()) is None


@pytest.mark.parametrize("name", _presets())
def test_presets_are_chosen_by_name_and_by_address(name: str) -> None:
    by_name = preset_of(settings(preset=name))
    assert by_name.name == name
    assert preset_of(settings(base_url=by_name.base_url)) == by_name


def test_settings_go_before_a_preset() -> None:
    chosen = preset_of(
        settings(preset="qwen", answer_format="text", body={"enable_thinking": True, "user": "me"})
    )
    assert chosen.answer_format == "text"
    assert chosen.fixed_format
    assert chosen.body == {"enable_thinking": True, "user": "me"}
    assert chosen.shaping == {"enable_thinking": True}  # who asks does not shape the answer


def test_an_unknown_address_has_no_preset() -> None:
    assert preset_of(settings(base_url="https://llm.example.org/v1")) == Preset(
        base_url="https://llm.example.org/v1",
        answer_format="json_schema",
        fixed_format=False,
        token_limit="max_tokens",
        key=True,
        batch=False,
        body={},
    )


def test_a_misspelt_preset_is_told() -> None:
    with pytest.raises(UsageError, match="deepseek"):
        preset_of(settings(preset="deepsek"))


@pytest.mark.parametrize("name", ["Authorization", "X-Api-Key", "Cookie"])
def test_secrets_are_no_headers(name: str) -> None:
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        load({"model": {"headers": {name: "x"}}})


def test_fields_that_shape_an_answer_belong_to_its_key() -> None:
    plain = Request(model="m", messages=(Message(role="user", content="?"),), max_tokens=9)
    quick = plain.model_copy(update={"body": {"enable_thinking": False}})
    assert plain.key != quick.key
    assert "body" not in plain.canonical()  # answers from before there were such fields keep their keys


def test_a_batch_takes_its_part_of_the_ceiling() -> None:
    budget = Budget(1.0, lambda *_: 0.1)
    assert budget.fits(0.7)
    budget.commit(0.7)
    assert not budget.fits(0.7)
    assert budget.fits(0.3)
    assert Budget(None, lambda *_: None).fits(9.9)
