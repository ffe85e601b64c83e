"""Servers that ask who comes, with users and keys, on made-up operations and a set clock."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

# Modules beside the tests, and the fakes of the faces, cannot be imported without this.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "api"))

from access_members import SECRET, Members, SetClock
from api_fakes import Fakes
from api_running import Running, Serve, in_process, listening

from trading_mcp.adapters.sqlite.access import SqliteAccessStore


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def store(tmp_path: Path, clock: SetClock) -> Iterator[SqliteAccessStore]:
    opened = SqliteAccessStore(tmp_path / "access.sqlite", wall=clock.wall)
    yield opened
    opened.close()


@pytest.fixture
def members(store: SqliteAccessStore, clock: SetClock) -> Members:
    """Somebody of every kind, behind a server that asks."""
    return Members(store, clock, secret=SECRET)


@pytest.fixture
def fakes(members: Members) -> Fakes:
    made = Fakes()
    made.behind = {"access": members.access, "login_required": True}
    return made


@pytest.fixture
async def client(fakes: Fakes) -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(fakes) as made:
        yield made


@pytest.fixture
def running(fakes: Fakes) -> Serve:
    def serve(**settings: Any) -> Any:
        return listening(fakes, **settings)

    return serve


@pytest.fixture
async def server(running: Serve) -> AsyncIterator[Running]:
    async with running() as made:
        yield made
