"""Durable appends, beside plain sqlite3 that does the same inserts on the same disk."""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from statistics import median

import msgspec

from benchmarks import Row
from trading_mcp.adapters.sqlite import database
from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.adapters.sqlite.projection import HistoryProjection
from trading_mcp.domain.entries import AnyEntry, OrderApproved
from trading_mcp.domain.orders import Order

ROUNDS, ALONE, CROWD, EACH, STORED = 5, 500, 100, 50, 100_000
ENTRY = OrderApproved(
    at=1,
    order=Order(
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
        created_at=1,
        expected_price=Decimal("60000.1"),
        reduce_only=False,
    ),
)


def run() -> list[Row]:
    """Measure in turns, so that what else the machine does is shared fairly."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:  # /tmp may be no disk
        rounds = [_round(Path(directory) / str(n)) for n in range(ROUNDS)]
        opening = _opening(Path(directory) / "large.db")
    plain, alone, with_history, plain_crowd, crowd = (
        median(rates) for rates in zip(*rounds, strict=True)
    )
    return [
        ("one append after the other", _beside(alone, plain)),
        ("the same with the history's tables", _beside(with_history, plain)),
        (f"{CROWD} appends at once", _beside(crowd, plain_crowd)),
        (f"opening and checking {STORED:,} entries", f"{opening:.2f} s"),
    ]


def _beside(rate: float, plain: float) -> str:
    return f"{rate:,.0f}/s, {rate / plain:.2f} of plain sqlite3's {plain:,.0f}/s"


def _round(folder: Path) -> tuple[float, ...]:
    return (
        _plain(folder / "plain.db", ALONE, at_once=1),
        asyncio.run(_journal(folder / "alone.db", None, _one_by_one)),
        asyncio.run(_journal(folder / "history.db", HistoryProjection(), _one_by_one)),
        _plain(folder / "plain crowd.db", CROWD * EACH, at_once=CROWD),
        asyncio.run(_journal(folder / "crowd.db", None, _all_at_once)),
    )


def _plain(path: Path, entries: int, at_once: int) -> float:
    """Insert encoded and chained entries with plain statements, *at_once* in a transaction."""
    with closing(database.writer(path)) as connection:
        connection.execute("CREATE TABLE journal (seq INTEGER PRIMARY KEY, entry TEXT, chain BLOB)")
        started, chain = time.perf_counter(), bytes(32)
        for first in range(1, entries + 1, at_once):
            connection.execute("BEGIN IMMEDIATE")
            for seq in range(first, first + at_once):
                chain = _insert(connection, seq, chain)
            connection.execute("COMMIT")
        return entries / (time.perf_counter() - started)


def _insert(connection: sqlite3.Connection, seq: int, chain: bytes) -> bytes:
    raw = msgspec.json.encode(ENTRY)
    chain = sha256(chain + raw).digest()
    connection.execute("INSERT INTO journal VALUES (?, ?, ?)", (seq, raw.decode(), chain))
    return chain


async def _journal(
    path: Path,
    project: HistoryProjection | None,
    append: Callable[[SqliteJournal[AnyEntry]], Awaitable[int]],
) -> float:
    journal = SqliteJournal[AnyEntry](path, AnyEntry, project=project)
    started = time.perf_counter()
    entries = await append(journal)
    seconds = time.perf_counter() - started
    await journal.close()
    return entries / seconds


async def _one_by_one(journal: SqliteJournal[AnyEntry]) -> int:
    for seq in range(1, ALONE + 1):
        await journal.append(seq, [ENTRY])
    return ALONE


async def _all_at_once(journal: SqliteJournal[AnyEntry]) -> int:
    async def append_some() -> None:
        for _ in range(EACH):
            await journal.append(journal.last_seq + 1, [ENTRY])

    await asyncio.gather(*(append_some() for _ in range(CROWD)))
    return CROWD * EACH


def _opening(path: Path) -> float:
    asyncio.run(_journal(path, HistoryProjection(), _store))
    started = time.perf_counter()
    journal = SqliteJournal[AnyEntry](path, AnyEntry, project=HistoryProjection())
    seconds = time.perf_counter() - started
    asyncio.run(journal.close())
    return seconds


async def _store(journal: SqliteJournal[AnyEntry]) -> int:
    await journal.append(1, [ENTRY] * STORED)
    return STORED
