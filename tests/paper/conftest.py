"""Paper trading on a scripted market, and orders in one line each."""

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from trading_mcp.domain.orders import ApprovedOrder

sys.path.insert(0, str(Path(__file__).parent))

from paper_market import FakeClock, Paper, Scripted, approved


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def script(clock: FakeClock) -> Scripted:
    return Scripted(clock)


@pytest.fixture
async def paper(tmp_path: Path, clock: FakeClock, script: Scripted) -> AsyncIterator[Paper]:
    paper = Paper(tmp_path / "kucoin.sqlite", clock, script)
    yield paper
    for journal in paper.journals:
        await journal.close()


@pytest.fixture(scope="session")
def order() -> Callable[..., ApprovedOrder]:
    return approved
