"""What is known of an endpoint by its address."""

from __future__ import annotations

import pytest

from digest.config import ModelSettings
from digest.llm.presets import preset_of


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("http://127.0.0.1:9000/v1", True),
        ("http://127.0.0.2/v1", True),
        ("http://localhost:1234/v1", True),
        ("http://LOCALHOST:1234/v1", True),
        ("http://llama.localhost/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://0.0.0.0:8080/v1", True),
        ("http://localhost.example.com/v1", False),
        ("http://192.168.1.5:8080/v1", False),
        ("https://api.deepseek.com/v1", False),
        ("", False),
    ],
)
def test_a_server_on_this_machine_needs_no_key(address: str, *, local: bool) -> None:
    known = preset_of(ModelSettings(base_url=address))
    assert known.loopback == local
    assert known.key != local
