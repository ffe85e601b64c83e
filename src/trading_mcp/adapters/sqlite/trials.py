"""What was ever tried on which candles, and whose code was proven, in a file of its own.

The server, the command line and the workers of a search may all write to it: see `access.py`.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from trading_mcp.adapters.sqlite.database import checking, make_private
from trading_mcp.adapters.sqlite.versions import bring_up_to_date
from trading_mcp.domain.errors import StorageUnavailable
from trading_mcp.domain.trials import Trial, Tried

if TYPE_CHECKING:
    from sqlite_utils import Database

FILE = "trials.sqlite"
PATIENCE_S = 30.0
"""How long a write waits for another program's; a search's batch takes some milliseconds."""

_NOTE = """
    INSERT INTO trials (data, digest, market, start, end, strategy, sharpe)
    VALUES (:data, :digest, :market, :start, :end, :strategy, :sharpe)
    ON CONFLICT DO NOTHING
"""
# The deviation from the mean, not of the squares: those would lose the digits that count.
_TRIED = """
    WITH attempts AS (
        SELECT avg(sharpe) AS sharpe FROM trials
        WHERE data = :data OR (market = :market AND start < :end AND :start < end)
        GROUP BY digest
    ), middle AS (SELECT avg(sharpe) AS mean FROM attempts)
    SELECT count(*), count(sharpe), total((sharpe - mean) * (sharpe - mean))
    FROM attempts, middle
"""


class SqliteTrialLedger:
    """Counts attempts. Any thread may use it, and any process may open the same file."""

    def __init__(self, path: Path):
        """Open *path*; make it, for its owner only, if need be. Raises DatabaseRefused."""
        self._one = threading.Lock()
        make_private(path)
        with checking(path, "trials"):
            self._connection = sqlite3.connect(
                path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode=DELETE")
            bring_up_to_date(self._connection, STEPS)

    def note(self, trials: Sequence[Trial]) -> None:
        """Remember *trials*; one that is known on the same data stays as it is."""
        rows = [msgspec.structs.asdict(trial) for trial in trials]
        with self._asked() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.executemany(_NOTE, rows)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def tried(self, *, data: str, market: str, start: int, end: int) -> Tried:
        """Return what was tried on *data*, or on *market* in a time that overlaps [start, end)."""
        asked = {"data": data, "market": market, "start": start, "end": end}
        with self._asked() as connection:
            count, scored, squares = connection.execute(_TRIED, asked).fetchone()
        return Tried(
            count=count, scored=scored, variance=squares / (scored - 1) if scored > 1 else 0.0
        )

    def is_proven(self, digest: str) -> bool:
        """Say whether a strategy of that digest has passed the proof."""
        with self._asked() as connection:
            found = connection.execute("SELECT 1 FROM proofs WHERE digest = ?", (digest,))
            return found.fetchone() is not None

    def note_proven(self, digest: str) -> None:
        """Remember that a strategy of that digest has passed the proof."""
        with self._asked() as connection:
            connection.execute("INSERT OR IGNORE INTO proofs VALUES (?)", (digest,))

    def close(self) -> None:
        """Close the file."""
        with self._one:
            self._connection.close()

    @contextmanager
    def _asked(self) -> Iterator[sqlite3.Connection]:
        with self._one:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise StorageUnavailable(f"the ledger of trials: {error}") from error


def trials_and_proofs(database: "Database") -> None:
    """Make the tables."""
    trials: dict[str, Any] = {
        "data": str,
        "digest": str,
        "market": str,
        "start": int,
        "end": int,
        "strategy": str,
        "sharpe": float,
    }
    needed = set(trials) - {"sharpe"}
    key = ("data", "digest")
    database.create_table("trials", trials, pk=key, not_null=needed, strict=True)
    database.table("trials").create_index(["market", "start"])
    database.create_table("proofs", {"digest": str}, pk="digest", strict=True)


STEPS = (trials_and_proofs,)
"""Every migration there is, oldest first. One that was released is never changed again."""
