"""Closed positions, orders and fills can be asked for, and follow from the journal alone."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from trading_mcp.adapters.sqlite.history import SqliteHistory
from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.adapters.sqlite.projection import HistoryProjection, rebuild
from trading_mcp.domain.accounts import Flow
from trading_mcp.domain.entries import (
    AnyEntry,
    FundingBooked,
    LossesForgiven,
    OrderApproved,
    OrderChanged,
    PositionChanged,
)
from trading_mcp.domain.errors import StorageUnavailable
from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.positions import Position

Open = Callable[..., SqliteJournal[Any]]


@pytest.fixture
async def journal(tmp_path: Path, open_journal: Open) -> SqliteJournal[AnyEntry]:
    return open_journal(tmp_path / "journal.db", AnyEntry, project=HistoryProjection())


@pytest.fixture
async def history(tmp_path: Path, journal: SqliteJournal[AnyEntry]) -> AsyncIterator[SqliteHistory]:
    history = SqliteHistory(tmp_path / "journal.db")
    yield history
    await history.close()


async def test_a_new_journal_has_no_history(history: SqliteHistory) -> None:
    assert await history.orders(limit=10) == []
    assert await history.positions(limit=10) == []
    assert await history.fills(limit=10) == []
    assert await history.order("ord_1") is None


async def test_an_order_is_there_once_in_its_newest_state(
    journal: SqliteJournal[AnyEntry], history: SqliteHistory, samples: Any
) -> None:
    opened = samples.order(status="open", venue_id="v1")

    await journal.append(1, [OrderApproved(at=1, order=samples.order())])
    await journal.append(2, [OrderChanged(at=2, order=opened), LossesForgiven(at=3)])

    assert await history.orders(limit=10) == [opened]
    assert await history.order("ord_1") == opened


async def test_orders_come_newest_first_and_by_market(
    journal: SqliteJournal[AnyEntry], history: SqliteHistory, samples: Any
) -> None:
    orders = [
        samples.order(id="ord_1", created_at=30),
        samples.order(id="ord_2", created_at=10, symbol="ETH-USDT"),
        samples.order(id="ord_3", created_at=20, exchange="kucoin"),
        samples.order(id="ord_4", created_at=20),
    ]
    await journal.append(1, [OrderApproved(at=1, order=order) for order in orders])

    async def asked(**which: Any) -> list[str]:
        return [order.id for order in await history.orders(**which)]

    assert await asked(limit=10) == ["ord_1", "ord_4", "ord_3", "ord_2"]
    assert await asked(limit=2) == ["ord_1", "ord_4"]
    assert await asked(limit=10, symbol="BTC-USDT") == ["ord_1", "ord_4", "ord_3"]
    assert await asked(limit=10, exchange="kucoin") == ["ord_3"]
    assert await asked(limit=10, exchange="kucoin", symbol="ETH-USDT") == []
    assert await asked(limit=-1) == []


async def test_orders_are_paged_from_the_last_one_seen(
    journal: SqliteJournal[AnyEntry], history: SqliteHistory, samples: Any
) -> None:
    orders = [samples.order(id=f"ord_{n:02}", created_at=n // 4) for n in range(20)]
    await journal.append(1, [OrderApproved(at=1, order=order) for order in orders])

    found, last = list[str](), None
    while page := await history.orders(limit=3, symbol="BTC-USDT", before=last):
        found += [order.id for order in page]
        last = page[-1].created_at, page[-1].id

    assert found == [order.id for order in orders][::-1]
    assert await history.orders(limit=3, before=(0, "ord_00")) == []


async def test_only_closed_positions_are_history(
    journal: SqliteJournal[AnyEntry], history: SqliteHistory, samples: Any
) -> None:
    await journal.append(1, [samples.booked(samples.position())])
    assert await history.positions(limit=10) == []

    await journal.append(2, [samples.booked(samples.closed(), trade_id="t2")])
    assert await history.positions(limit=10) == [samples.closed()]


async def test_a_late_fill_reopens_a_position_and_takes_it_out_again(
    journal: SqliteJournal[AnyEntry], history: SqliteHistory, samples: Any
) -> None:
    reopened = samples.closed(entered=samples.position().entered * 2, closed_at=None)
    closed_again = samples.closed(closed_at=4000)

    await journal.append(1, [samples.booked(samples.closed())])
    await journal.append(2, [samples.booked(reopened, trade_id="late")])
    assert await history.positions(limit=10) == []

    await journal.append(3, [samples.booked(closed_again, trade_id="last")])
    assert await history.positions(limit=10) == [closed_again]


async def test_what_happens_to_a_position_within_one_commit_ends_in_its_last_state(
    journal: SqliteJournal[AnyEntry], history: SqliteHistory, samples: Any
) -> None:
    reopened = samples.closed(entered=samples.position().entered * 2, closed_at=None)

    await journal.append(
        1,
        [samples.booked(samples.closed()), samples.booked(reopened, trade_id="late")],
    )

    assert await history.positions(limit=10) == []


async def test_late_funding_reaches_a_closed_position(
    journal: SqliteJournal[AnyEntry], history: SqliteHistory, samples: Any
) -> None:
    paid = samples.closed(funding=-samples.position().tick)
    funding = FundingBooked(at=9, funding_id="f1", positions=(paid,), flow=Flow("sim:USDT", ZERO))
    other = PositionChanged(at=9, position=samples.position(id="pos_2"), why="", principal="")

    await journal.append(1, [samples.booked(samples.closed()), funding, other])

    assert await history.positions(limit=10) == [paid]


async def test_positions_can_be_paged_by_when_they_closed(
    journal: SqliteJournal[AnyEntry], history: SqliteHistory, samples: Any
) -> None:
    positions = [samples.closed(id=f"pos_{n:03}", closed_at=n) for n in range(100, 200)]
    await journal.append(1, [samples.booked(p, trade_id=p.id) for p in positions])

    pages, end = list[Position](), 190
    while page := await history.positions(limit=7, start=110, end=end):
        pages += page
        end = page[-1].closed_at or 0

    assert pages == positions[10:90][::-1]


async def test_a_fill_is_there_once_and_the_newest_comes_first(
    journal: SqliteJournal[AnyEntry], history: SqliteHistory, samples: Any
) -> None:
    first, second = samples.booked(at=5, trade_id="b"), samples.booked(at=5, trade_id="a")
    other = samples.booked(at=1, trade_id="a", symbol="ETH-USDT")
    await journal.append(1, [first, second, other, first])

    assert await history.fills(limit=10) == [second.fill, first.fill, other.fill]
    assert await history.fills(limit=10, symbol="ETH-USDT") == [other.fill]
    assert await history.fills(limit=1, exchange="sim", symbol="BTC-USDT") == [second.fill]


async def test_fills_are_paged_from_the_last_one_seen(
    journal: SqliteJournal[AnyEntry], history: SqliteHistory, samples: Any
) -> None:
    booked = [samples.booked(at=n // 4, trade_id=f"t{-n}") for n in range(10)]
    await journal.append(1, booked)

    found, last = list[str](), None
    while page := await history.fills(limit=3, before=last):
        found += [fill.trade_id for fill in page]
        last = page[-1].exchange, page[-1].symbol, page[-1].trade_id

    assert found == [entry.fill.trade_id for entry in booked][::-1]
    assert await history.fills(limit=3, before=("sim", "BTC-USDT", "never")) == []


@pytest.mark.parametrize("how", ["another version", "by hand", "written without it"])
async def test_history_is_made_anew_from_the_journal(
    tmp_path: Path, open_journal: Open, samples: Any, how: str
) -> None:
    path = tmp_path / "journal.db"
    projection = None if how == "written without it" else HistoryProjection()
    journal = open_journal(path, AnyEntry, project=projection)
    await journal.append(1, [samples.booked(samples.closed())])
    await journal.close()
    if projection:
        spoil(path, version=HistoryProjection.version + (how == "another version"))

    if how == "by hand":
        rebuild(path)
    open_journal(path, AnyEntry, project=HistoryProjection())

    history = SqliteHistory(path)
    assert await history.positions(limit=10) == [samples.closed()]
    assert [order.id for order in await history.orders(limit=10)] == ["ord_c1"]
    await history.close()


async def test_a_damaged_row_is_not_shown(
    tmp_path: Path, journal: SqliteJournal[AnyEntry], history: SqliteHistory, samples: Any
) -> None:
    await journal.append(1, [samples.booked(samples.closed())])
    change(tmp_path / "journal.db", "UPDATE orders SET json = replace(json, '60000', '70000')")

    with pytest.raises(StorageUnavailable, match="damaged"):
        await history.orders(limit=10)


async def test_history_can_be_read_while_the_journal_writes(
    tmp_path: Path, open_journal: Open, history: SqliteHistory, samples: Any
) -> None:
    """An answer holds all that was committed before the question."""
    journal = open_journal(tmp_path / "other.db", AnyEntry, project=HistoryProjection())
    other = SqliteHistory(tmp_path / "other.db")

    for n in range(1, 200):
        written = journal.append(n, [samples.booked(trade_id=f"t{n}")])
        seen = len(await other.fills(limit=1000))
        await written
        assert n - 1 <= seen <= n

    await other.close()


def spoil(path: Path, version: int) -> None:
    for table in ("orders", "positions", "fills"):
        change(path, f"DELETE FROM {table}")
    change(path, f"PRAGMA user_version = {version}")


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)
