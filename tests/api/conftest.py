"""Made-up operations, and servers of them."""

import functools
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

# Modules beside the tests cannot be imported in importlib mode without this.
sys.path.insert(0, str(Path(__file__).parent))

from api_fakes import Fakes
from api_running import Running, Serve, in_process, listening


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
async def client(fakes: Fakes) -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(fakes) as made:
        yield made


@pytest.fixture
def running(fakes: Fakes) -> Serve:
    return functools.partial(listening, fakes)


@pytest.fixture
async def server(running: Serve) -> AsyncIterator[Running]:
    async with running() as made:
        yield made
