"""docs/delivery.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from digest.config import Settings
from digest.deliver.channels import troubles
from digest.deliver.services import SERVICES
from tests.deliver.days import loaded

TOKEN = "0123456789abcdef0123456789abcdef"
PLACES = {
    "SECxxxx@ACCESS_TOKEN": f"SEC{TOKEN}@{TOKEN}",
    "123456789:TOKEN/-1001234567890": f"123456789:{TOKEN}/-1001234567890",
    "services/A/B/C": "services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "webhooks/ID/TOKEN": f"webhooks/4174216299958026/{TOKEN}",
    "DEVICE_KEY": TOKEN,
    "SENDKEY": TOKEN,
    "//TOKEN": f"//{TOKEN}",
    "//KEY": f"//{TOKEN}",
}


@pytest.fixture
def page(root: Path) -> str:
    return (root / "docs" / "delivery.md").read_text(encoding="utf-8")


@pytest.fixture
def example(page: str, tmp_path: Path) -> Settings:
    (block,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    return loaded(tmp_path, block)


@pytest.mark.slow
def test_there_is_an_example_of_each_service_and_it_can_be_used(page: str, example: Settings) -> None:
    environment = {"DIGEST_SMTP_PASSWORD": "sesame", "DIGEST_READERS": "eve@example.org"}
    for name, shown in re.findall(r'url_env = "(\w+)" +# (\S+)', page):
        environment[name] = shown
        for place, value in PLACES.items():
            environment[name] = environment[name].replace(place, value)
    assert dict(troubles(example, environment)) == dict.fromkeys([*example.deliver.chat, "lab"], "")
    assert len(example.deliver.chat) == 10


def test_the_table_names_each_service_with_its_limit(page: str) -> None:
    for scheme, service in SERVICES.items():
        (row,) = [line for line in page.splitlines() if line.startswith("| ") and f"`{scheme}" in line]
        if "the same" not in row:
            limit = next(iter(service.formats.values())).limit
            assert str(limit) in row.replace(",", ""), scheme
