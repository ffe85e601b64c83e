"""Orders, fills and positions to store, and journals that close by themselves."""

import resource
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.domain.entries import FillBooked
from trading_mcp.domain.errors import StorageUnavailable
from trading_mcp.domain.orders import Fill, Order
from trading_mcp.domain.positions import Position


class Samples:
    """Makes what a trade leaves behind; keywords change what matters to the test."""

    def order(self, **changes: Any) -> Order:
        order = Order(
            id="ord_1",
            client_id="c1",
            market="sim:BTC-USDT",
            exchange="sim",
            symbol="BTC-USDT",
            side="buy",
            type="market",
            amount=Decimal("0.5"),
            owner="manual",
            principal="trader",
            reason="manual",
            created_at=1000,
            expected_price=Decimal("60000.1"),
            reduce_only=False,
        )
        return msgspec.structs.replace(order, **changes)

    def fill(self, **changes: Any) -> Fill:
        fill = Fill(
            exchange="sim",
            symbol="BTC-USDT",
            trade_id="t1",
            client_id="c1",
            side="buy",
            amount=Decimal("0.5"),
            price=Decimal("60000.2"),
            fee=Decimal("0.3"),
            fee_currency="USDT",
            at=2000,
        )
        return msgspec.structs.replace(fill, **changes)

    def position(self, **changes: Any) -> Position:
        position = Position(
            id="pos_1",
            market="sim:BTC-USDT",
            exchange="sim",
            symbol="BTC-USDT",
            side="long",
            owner="manual",
            leverage=1,
            opened_at=2000,
            tick=Decimal("0.1"),
            entered=Decimal("0.5"),
            entered_value=Decimal("30000.1"),
        )
        return msgspec.structs.replace(position, **changes)

    def closed(self, **changes: Any) -> Position:
        sold = {"exited": Decimal("0.5"), "exited_value": Decimal("30100"), "closed_at": 3000}
        return self.position(**(sold | changes))

    def booked(self, position: Position | None = None, **changes: Any) -> FillBooked:
        fill = self.fill(**changes)
        order = self.order(id=f"ord_{fill.client_id}", status="filled", symbol=fill.symbol)
        return FillBooked(at=fill.at, fill=fill, order=order, position=position, flows=())


@pytest.fixture
def samples() -> Samples:
    return Samples()


Open = Callable[..., SqliteJournal[Any]]


@pytest.fixture
async def open_journal() -> AsyncIterator[Open]:
    """Open journals that are closed after the test, whatever became of them."""
    opened: list[SqliteJournal[Any]] = []

    def open_it(path: Path, entry_type: Any, **options: Any) -> SqliteJournal[Any]:
        opened.append(SqliteJournal(path, entry_type, **options))
        return opened[-1]

    yield open_it
    for journal in opened:
        with suppress(StorageUnavailable):
            await journal.close()


@pytest.fixture
def largest_file() -> Iterator[Callable[[int], None]]:
    """Let no file of this process grow beyond so many bytes, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
