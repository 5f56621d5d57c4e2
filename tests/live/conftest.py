"""The servers of these tests: llama.cpp's own as the endpoint, and the sample day as arXiv."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.live.llamacpp import LlamaServer


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's file."""
    for name in ("xllamacpp", "gguf", "numpy"):
        pytest.importorskip(name, reason=f"{name} is not installed: pip install -e '.[live]' has it")
    from tests.live.tiny_model import write

    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    write(path)
    return path


@pytest.fixture
def llama(model: Path) -> Iterator[Callable[..., LlamaServer]]:
    """Starts a server of the context given, for as long as the test lasts."""
    with ExitStack() as running:

        def started(context: int = 8192) -> LlamaServer:
            server = LlamaServer(model, context)
            running.callback(server.kill)
            server.start()
            return server

        yield started
