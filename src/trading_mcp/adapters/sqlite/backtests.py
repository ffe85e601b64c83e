"""Runs over history, in a file of their own: figures, curve, inputs, and trades in portions."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from trading_mcp.adapters.sqlite.database import checking, writer
from trading_mcp.adapters.sqlite.versions import bring_up_to_date
from trading_mcp.domain.backtests import KeptRun
from trading_mcp.domain.errors import StorageUnavailable

if TYPE_CHECKING:
    from sqlite_utils import Database

T = TypeVar("T")
KEPT, KEPT_TRADES = 500, 2_000_000
"""Runs, and trades of all of them together, that are remembered; of more, the oldest go."""
PORTION = 500
"""Trades to a row: a page is read without the rest."""
LOST = "The server was stopped before it ended"


class SqliteBacktests:
    """Keeps runs. Everything is done by one thread, in the order of the calls."""

    def __init__(self, path: Path, *, kept: int = KEPT, kept_trades: int = KEPT_TRADES):
        """Open *path*; make it if need be. What still ran when it was closed has failed.

        Raises DatabaseRefused.
        """
        self._kept, self._kept_trades = kept, kept_trades
        with checking(path, "backtests"):
            self._connection = writer(path)
            bring_up_to_date(self._connection, STEPS)
            self._connection.execute(
                "UPDATE runs SET status = 'failed', error = ?, code = 'INTERNAL_ERROR' "
                "WHERE status IN ('queued', 'running')",
                (LOST,),
            )
        self._thread = ThreadPoolExecutor(1, "backtests")

    async def keep(self, run: KeptRun, trades: Sequence[Mapping[str, Any]] = ()) -> None:
        """Keep *run* with its trades, in place of what is known of it."""

        def replace(connection: sqlite3.Connection) -> None:
            portions = [trades[at : at + PORTION] for at in range(0, len(trades), PORTION)]
            connection.execute("BEGIN")
            connection.execute(
                f"INSERT OR REPLACE INTO runs ({_COLUMNS}, curve, trades) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*_row(run), _json(run.report.get("equity_curve", [])), len(trades)),
            )
            connection.execute("DELETE FROM trades WHERE run_id = ?", (run.id,))
            connection.executemany(
                "INSERT INTO trades VALUES (?, ?, ?)",
                [(run.id, number, _json(part)) for number, part in enumerate(portions)],
            )
            self._prune(connection)
            connection.execute("COMMIT")

        await self._do(replace)

    async def run(self, run_id: str) -> KeptRun | None:
        """Return one run."""
        rows = await self._do(_asked(f"SELECT {_COLUMNS}, curve FROM runs WHERE id = ?", run_id))
        return _run(rows[0]) if rows else None

    async def runs(self, *, limit: int, before: tuple[int, str] | None = None) -> Sequence[KeptRun]:
        """Return runs without their equity, the newest first; only what comes after *before*."""
        after = "WHERE (at, id) < (?, ?)" if before else ""
        query = f"SELECT {_COLUMNS} FROM runs {after} ORDER BY at DESC, id DESC LIMIT ?"
        return [_run(row) for row in await self._do(_asked(query, *(before or ()), limit))]

    async def trades(self, run_id: str, *, start: int, limit: int) -> Sequence[Mapping[str, Any]]:
        """Return trades of a run in the order in which they ended, from number *start* on."""
        first, last = start // PORTION, (start + limit - 1) // PORTION
        query = (
            "SELECT json FROM trades WHERE run_id = ? AND portion BETWEEN ? AND ? ORDER BY portion"
        )
        rows = await self._do(_asked(query, run_id, first, last))
        found = [trade for (json,) in rows for trade in msgspec.json.decode(json)]
        return found[start - first * PORTION :][:limit]

    async def close(self) -> None:
        """Write what is left and close."""
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._done, work)

    def _done(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._connection)
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise StorageUnavailable(
                f"the backtests cannot be read or written: {error}",
                hint="Is the disk full? Free space; trading is not concerned.",
            ) from error

    def _prune(self, connection: sqlite3.Connection) -> None:
        """Forget the oldest runs of too many; the newest stays, however large."""
        old = (
            "SELECT id FROM (SELECT id, row_number() OVER newest AS place, "
            "sum(trades) OVER newest AS so_far FROM runs "
            "WINDOW newest AS (ORDER BY at DESC, id DESC)) "
            "WHERE place > 1 AND (place > ? OR so_far > ?)"
        )
        gone = connection.execute(old, (self._kept, self._kept_trades)).fetchall()
        connection.executemany("DELETE FROM trades WHERE run_id = ?", gone)
        connection.executemany("DELETE FROM runs WHERE id = ?", gone)


_COLUMNS = "id, at, status, inputs, report, error, code"


def _row(run: KeptRun) -> tuple[str | int, ...]:
    report = {name: value for name, value in run.report.items() if name != "equity_curve"}
    return run.id, run.at, run.status, _json(run.inputs), _json(report), run.error, run.code


def _run(row: tuple[Any, ...]) -> KeptRun:
    id, at, status, inputs, report, error, code, *curve = row
    told = msgspec.json.decode(report)
    if curve and told:
        told["equity_curve"] = msgspec.json.decode(curve[0])
    return KeptRun(
        id=id,
        at=at,
        status=status,
        inputs=msgspec.json.decode(inputs),
        report=told,
        error=error,
        code=code,
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _asked(query: str, *values: int | str) -> Callable[[sqlite3.Connection], list[tuple[Any, ...]]]:
    return lambda connection: connection.execute(query, values).fetchall()


def runs_and_trades(database: "Database") -> None:
    """Make the tables."""
    texts = ("status", "inputs", "report", "error", "code", "curve")
    run: dict[str, Any] = {"id": str, "at": int, **dict.fromkeys(texts, str), "trades": int}
    database.create_table("runs", run, pk="id", not_null={"at", *texts, "trades"}, strict=True)
    database.table("runs").create_index(["at", "id"])
    trades: dict[str, Any] = {"run_id": str, "portion": int, "json": str}
    database.create_table(
        "trades", trades, pk=("run_id", "portion"), not_null={"json"}, strict=True
    )


STEPS = (runs_and_trades,)
"""Every step there is, oldest first. One that was released is never changed again."""
