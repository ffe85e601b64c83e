"""What was: orders, closed positions and fills, read beside the journal's writer."""

import asyncio
import itertools
import sqlite3
import threading
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from trading_mcp.adapters.sqlite import database
from trading_mcp.adapters.sqlite.projection import crc
from trading_mcp.domain.errors import StorageUnavailable
from trading_mcp.domain.orders import Fill, Order
from trading_mcp.domain.positions import Position

T = TypeVar("T")

Asked = int | str | tuple[int | str, ...] | None
READERS = 2
_BEFORE_FILL = (
    "(at, rowid) < (SELECT at, rowid FROM fills WHERE exchange = ? AND symbol = ? AND trade_id = ?)"
)


class SqliteHistory:
    """Reads what HistoryProjection wrote into the journal's file."""

    def __init__(self, path: Path):
        self._path = path
        self._threads = ThreadPoolExecutor(READERS, "history")
        self._own = threading.local()
        self._opened: list[sqlite3.Connection] = []

    async def positions(
        self, *, limit: int, start: int | None = None, end: int | None = None
    ) -> Sequence[Position]:
        """Return closed positions, the newest first, that closed in [start, end) (UTC ms)."""
        which = {"closed_at >= ?": start, "closed_at < ?": end}
        return await self._newest(Position, "positions", which, "closed_at DESC, id DESC", limit)

    async def orders(
        self,
        *,
        limit: int,
        exchange: str | None = None,
        symbol: str | None = None,
        before: tuple[int, str] | None = None,
    ) -> Sequence[Order]:
        """Return orders of any status, the newest first; only what comes after *before*."""
        which = {
            "exchange = ?": exchange,
            "symbol = ?": symbol,
            "(created_at, id) < (?, ?)": before,
        }
        return await self._newest(Order, "orders", which, "created_at DESC, id DESC", limit)

    async def order(self, order_id: str) -> Order | None:
        """Return one order."""
        found = await self.orders_called((order_id,))
        return found[0] if found else None

    async def orders_called(self, order_ids: Collection[str]) -> Sequence[Order]:
        """Return the orders with these ids."""
        marks = ", ".join("?" * len(order_ids))
        which = {f"id IN ({marks})": tuple(order_ids)}
        return await self._newest(Order, "orders", which, "id", len(order_ids))

    async def fills(
        self,
        *,
        limit: int,
        exchange: str | None = None,
        symbol: str | None = None,
        before: tuple[str, str, str] | None = None,
    ) -> Sequence[Fill]:
        """Return fills, the newest first; only what comes after *before*."""
        which = {"exchange = ?": exchange, "symbol = ?": symbol, _BEFORE_FILL: before}
        # Of one millisecond's fills the one booked last is the newest.
        return await self._newest(Fill, "fills", which, "at DESC, rowid DESC", limit)

    async def close(self) -> None:
        """Let running queries end and close."""
        await asyncio.to_thread(self._threads.shutdown)
        while self._opened:
            self._opened.pop().close()

    async def _newest(
        self, kind: type[T], table: str, which: Mapping[str, Asked], by: str, limit: int
    ) -> list[T]:
        asked = {term: value for term, value in which.items() if value is not None}
        terms = " AND ".join(asked) or "true"
        query = f"SELECT json, crc FROM {table} WHERE {terms} ORDER BY {by} LIMIT ?"
        rows = (value if isinstance(value, tuple) else (value,) for value in asked.values())
        # SQLite takes a negative limit for none.
        values = [*itertools.chain.from_iterable(rows), max(limit, 0)]
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._read, kind, query, values)

    def _read(self, kind: type[T], query: str, values: Sequence[int | str]) -> list[T]:
        try:
            rows = self._connection().execute(query, values).fetchall()
        except (sqlite3.Error, UnicodeError) as error:
            raise StorageUnavailable(f"the history cannot be read: {error}") from error
        if any(crc(json) != found for json, found in rows):
            raise StorageUnavailable(
                f"the history in {self._path} is damaged: a row is not what was written",
                hint="Stop the server and make the history anew: the journal has it all.",
            )
        return [msgspec.json.decode(json, type=kind) for json, _ in rows]

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._own, "connection"):
            self._own.connection = database.reader(self._path)
            self._opened.append(self._own.connection)
        connection: sqlite3.Connection = self._own.connection
        return connection
