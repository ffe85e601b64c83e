"""The journal's writer: a thread that commits, in one go, all that came while it was busy."""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from trading_mcp.adapters.sqlite.ledger import Ledger
from trading_mcp.domain.errors import StorageUnavailable
from trading_mcp.ports import Checkpoint

EntryT = TypeVar("EntryT")

RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Append(Generic[EntryT]):
    """Entries to write, and who waits for them."""

    entries: Sequence[EntryT]
    waiter: asyncio.Future[None]


@dataclass(frozen=True, slots=True)
class Keep:
    """A snapshot to keep, and who waits for it."""

    seq: int
    state: bytes
    waiter: asyncio.Future[None]


class Writer(Generic[EntryT]):
    """Takes jobs in the event loop's thread and does them, in order, in its own.

    Entries that could not be written stay first in line until they are. *failure* says why.
    """

    def __init__(
        self,
        ledger: Ledger[EntryT],
        checkpoint: Checkpoint,
        committed: Callable[[Sequence[EntryT]], None],
    ):
        self.failure: str | None = None
        self.line: list[Append[EntryT]] = []
        self._ledger, self._checkpoint, self._committed = ledger, checkpoint, committed
        self._jobs: queue.SimpleQueue[Append[EntryT] | Keep | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def put(self, job: Append[EntryT] | Keep) -> None:
        """Add *job* behind all others; its waiter learns at once if nothing can be written."""
        if self.failure is not None:
            job.waiter.set_exception(unavailable(self.failure))
        self._jobs.put(job)

    def finish(self, seconds: float) -> bool:
        """Try once more to write what is in line, close, and say whether it ended in time."""
        self._closing.set()
        self._jobs.put(None)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        ending = False
        while not ending:
            first = self._wait()
            ending = self._closing.is_set()  # asked before taking the rest, so that it is all
            jobs = [first, *self._rest()]
            self.line += [job for job in jobs if isinstance(job, Append)]
            self._write()
            for job in jobs:
                if isinstance(job, Keep):
                    self._keep(job)
        self._ledger.close()

    def _wait(self) -> Append[EntryT] | Keep | None:
        if not self.line:
            return self._jobs.get()
        self._closing.wait(RETRY_SECONDS)
        return None

    def _rest(self) -> list[Append[EntryT] | Keep | None]:
        # Only this thread takes, so what is there now will not be gone.
        return [self._jobs.get() for _ in range(self._jobs.qsize())]

    def _write(self) -> None:
        if not self.line:
            return
        waiters = [job.waiter for job in self.line]
        entries = [entry for job in self.line for entry in job.entries]
        try:
            self._ledger.add(entries)
        except Exception as error:  # a boundary: whatever it is, nothing was written
            self.failure = f"the journal cannot be written: {error}"
            self._tell(waiters, failure=self.failure)
            return
        self._checkpoint("journal.committed")
        self.line.clear()
        self.failure = None
        self._tell(waiters, entries)

    def _keep(self, job: Keep) -> None:
        failure = self.failure
        try:
            if failure is None:
                self._ledger.keep(job.seq, job.state)
        except Exception as error:  # a boundary: a snapshot is a convenience, the journal goes on
            failure = f"the snapshot cannot be written: {error}"
        self._tell([job.waiter], failure=failure)

    def _tell(
        self,
        waiters: Sequence[asyncio.Future[None]],
        entries: Sequence[EntryT] = (),
        failure: str | None = None,
    ) -> None:
        with suppress(RuntimeError):  # the loop is closed, and with it gone who waited
            loop = waiters[0].get_loop()
            loop.call_soon_threadsafe(self._settle, waiters, entries, failure)

    def _settle(
        self,
        waiters: Sequence[asyncio.Future[None]],
        entries: Sequence[EntryT],
        failure: str | None,
    ) -> None:
        for waiter in waiters:
            if waiter.done():
                continue
            if failure is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(unavailable(failure))
        if entries:
            self._committed(entries)


def unavailable(failure: str) -> StorageUnavailable:
    """Return the error that says so."""
    return StorageUnavailable(
        failure, hint="Nothing new is sent until the data directory can be written again."
    )
