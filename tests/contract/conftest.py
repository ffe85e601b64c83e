"""A running server and the reference it is held to."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Modules beside the tests cannot be imported in importlib mode without this.
sys.path.insert(0, str(Path(__file__).parent))

from contract_server import Serving, Stage, serving


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Iterator[Stage]:
    """A server on which something of everything has happened."""
    with serving(tmp_path_factory.mktemp("contract") / "data") as server:
        stage = Stage(server)
        stage.set()
        yield stage


@pytest.fixture(scope="session")
def battered(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Iterator[Stage]:
    """A server that may be left in any state."""
    folder = tmp_path_factory.mktemp("battered") / "data"
    with serving(folder, "server.request_log=false") as server:
        stage = Stage(server)
        stage.set()
        yield stage


@pytest.fixture
def stage(everything: Stage) -> Iterator[Stage]:
    """The stage; what a test switches is undone."""
    yield everything
    everything.calm()


@pytest.fixture
def server(stage: Stage) -> Serving:
    return stage.server
