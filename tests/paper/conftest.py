"""Paper trading on a scripted market, and orders in one line each."""

import sys
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trading_mcp.domain.orders import ApprovedOrder

sys.path.insert(0, str(Path(__file__).parent))

from paper_market import SPOT, FakeClock, Paper, Scripted


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


def _number(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


@pytest.fixture(scope="session")
def order() -> Callable[..., ApprovedOrder]:
    def making(
        client_id: str = "a",
        side: Any = "buy",
        amount: object = "0.1",
        *,
        symbol: str = SPOT,
        price: object = None,
        stop: object = None,
        reduce_only: bool = False,
        leverage: int = 1,
    ) -> ApprovedOrder:
        return ApprovedOrder(
            id=f"ord_{client_id}",
            client_id=client_id,
            exchange="kucoin",
            symbol=symbol,
            side=side,
            type="limit" if price is not None else "stop" if stop is not None else "market",
            amount=Decimal(str(amount)),
            price=_number(price),
            stop_price=_number(stop),
            reduce_only=reduce_only,
            leverage=leverage,
        )

    return making
