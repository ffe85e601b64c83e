"""A loopback KuCoin and a live account at it, as real ccxt sees them."""

import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

# Modules beside the tests cannot be imported in importlib mode without this.
sys.path.insert(0, str(Path(__file__).parent))

from accounts import Joined, joined


@pytest.fixture(params=["classic", "hf"])
async def spot(request: pytest.FixtureRequest) -> AsyncIterator[Joined]:
    """A spot account of either kind."""
    async with joined("spot", hf=request.param == "hf") as account:
        yield account


@pytest.fixture(params=["classic", "hf", "futures"])
async def account(request: pytest.FixtureRequest) -> AsyncIterator[Joined]:
    """Each kind of account there is."""
    kind = "perpetual" if request.param == "futures" else "spot"
    async with joined(kind, hf=request.param == "hf") as account:
        yield account


@pytest.fixture
async def futures() -> AsyncIterator[Joined]:
    """A futures account."""
    async with joined("perpetual") as account:
        yield account


@pytest.fixture
def join() -> Callable[..., contextlib.AbstractAsyncContextManager[Joined]]:
    """Joins an account with settings of the test's own."""
    return joined
