"""The journal: what it has answered survives a power cut, and state is a fold over it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Generic, TypeVar

from trading_mcp.adapters.sqlite import database
from trading_mcp.adapters.sqlite.database import checking
from trading_mcp.adapters.sqlite.ledger import Ledger, Projection, decoded, decoder
from trading_mcp.adapters.sqlite.writer import Append, Keep, Writer, unavailable
from trading_mcp.ports import Checkpoint

EntryT = TypeVar("EntryT")

CLOSE_SECONDS = 5.0


class SqliteJournal(Generic[EntryT]):
    """A journal in one SQLite file.

    *on_commit* is called in the event loop, once a commit, with what is on disk from now on, just
    before those who wait for it go on.
    """

    def __init__(
        self,
        path: Path,
        entry_type: Any,
        *,
        project: Projection[EntryT] | None = None,
        checkpoint: Checkpoint = lambda name: None,
        on_commit: Callable[[Sequence[EntryT]], None] = lambda entries: None,
    ):
        """Open the journal at *path*, or begin one; *entry_type* is a union of tagged structs.

        Raises:
            DatabaseRefused: it is not whole, locked, or of a newer version.
        """
        self._path, self._decode = path, decoder(entry_type)
        ledger = Ledger(path, entry_type, project, checkpoint)
        self._next, self._closed = ledger.seq + 1, False
        self._writer = Writer(ledger, checkpoint, on_commit)

    @property
    def healthy(self) -> bool:
        """Whether the last write succeeded."""
        return self._writer.failure is None and not self._closed

    @property
    def failure(self) -> str | None:
        """Why the last write failed, if it did."""
        return self._writer.failure

    @property
    def last_seq(self) -> int:
        """The number of the last entry that was handed in; 0 if there is none."""
        return self._next - 1

    def append(self, first_seq: int, entries: Sequence[EntryT]) -> asyncio.Future[None]:
        """Add *entries*, numbered from *first_seq*, without a gap; done when they are on disk.

        Raises:
            ValueError: *first_seq* does not follow the last number.
        """
        if first_seq != self._next:
            raise ValueError(f"the next entry has number {self._next}, not {first_seq}")
        self._next += len(entries)
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._put(Append(tuple(entries), waiter))
        return waiter

    def snapshot(self) -> tuple[int, bytes] | None:
        """Return the newest snapshot and the number of the last entry it contains."""
        newest = "SELECT seq, state FROM snapshots ORDER BY seq DESC LIMIT 1"
        with closing(database.reader(self._path)) as connection, checking(self._path, "snapshot"):
            row: tuple[int, bytes] | None = connection.execute(newest).fetchone()
        return row

    def entries(self, after: int) -> Iterator[tuple[int, EntryT]]:
        """Yield the numbered entries after *after*, oldest first.

        Raises:
            DatabaseRefused: one is missing or cannot be read.
        """
        with closing(database.reader(self._path)) as connection, checking(self._path, "entries"):
            yield from decoded(connection, after, self._decode)

    async def keep_snapshot(self, seq: int, state: bytes) -> None:
        """Store the state as of entry *seq*, so that a start need not read what came before."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._put(Keep(seq, state, waiter))
        await waiter

    async def close(self) -> None:
        """Write what is left and close.

        Raises:
            StorageUnavailable: something could not be written within five seconds.
        """
        self._closed = True
        in_time = await asyncio.to_thread(self._writer.finish, CLOSE_SECONDS)
        if not in_time or self._writer.line:
            raise unavailable(f"the journal was closed before all was written: {self.failure}")

    def _put(self, job: Append[EntryT] | Keep) -> None:
        if self._closed:
            job.waiter.set_exception(unavailable("the journal is closed"))
        else:
            self._writer.put(job)
