"""The way from a decision to the disk and on to whoever listens."""

import asyncio
from collections.abc import Callable

import structlog

from trading_mcp.domain import entries as e
from trading_mcp.engine.core import Core
from trading_mcp.engine.desk import Entries
from trading_mcp.engine.hub import Hub
from trading_mcp.engine.state import encoded
from trading_mcp.ports import Checkpoint, Journal

log = structlog.get_logger(__name__)
SNAPSHOT_EVERY = 5_000


class Ledger:
    """Journals what the core has made, publishes it once it is durable, and keeps snapshots."""

    def __init__(
        self,
        core: Core,
        journal: Journal[e.AnyEntry],
        hub: Hub,
        checkpoint: Checkpoint = lambda step: None,
    ):
        self._core, self._journal, self._hub = core, journal, hub
        self._checkpoint = checkpoint
        self._listeners: list[Callable[[e.AnyEntry, asyncio.Future[None]], None]] = []
        self._snapshot_at = core.state.seq
        self._saving: asyncio.Task[None] | None = None
        self._newest: asyncio.Future[None] | None = None
        self._unpublished: Entries = []

    def listen(self, listener: Callable[[e.AnyEntry, asyncio.Future[None]], None]) -> None:
        """Call *listener* with each entry as it is made, and the future of its being durable."""
        self._listeners.append(listener)

    def write(self, made: Entries) -> "asyncio.Future[None]":
        """Journal what the core has just made. To be called before anything else is decided."""
        if not made:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            done.set_result(None)
            return done
        self._reached("made", made)
        first = self._core.state.seq - len(made) + 1
        durable = asyncio.ensure_future(self._journal.append(first, made))
        self._newest = durable
        durable.add_done_callback(lambda future: self._published(future, made))
        for entry in made:
            for listener in self._listeners:
                listener(entry, durable)
        if self._core.state.seq - self._snapshot_at >= SNAPSHOT_EVERY:
            self.save()
        return durable

    async def flushed(self) -> None:
        """Wait until all that has been written so far is durable: what is told then stays true.

        Raises StorageUnavailable.
        """
        if self._newest is not None:
            await asyncio.shield(self._newest)

    def save(self) -> None:
        """Begin to store a snapshot of the state as it is now."""
        if self._saving is not None and not self._saving.done():
            return
        self._snapshot_at = self._core.state.seq
        self._saving = asyncio.create_task(self._save(self._snapshot_at, encoded(self._core.state)))

    async def close(self) -> None:
        """Store a last snapshot and close the journal."""
        if self._saving is not None:
            await asyncio.wait([self._saving])
        await self._save(self._core.state.seq, encoded(self._core.state))
        await self._journal.close()

    async def _save(self, seq: int, state: bytes) -> None:
        try:
            await self._journal.keep_snapshot(seq, state)
        except Exception:  # a snapshot only saves time at the next start
            log.exception("snapshot_failed", seq=seq)

    def _published(self, durable: "asyncio.Future[None]", made: Entries) -> None:
        if durable.cancelled():
            return
        error = durable.exception()
        self._unpublished += made
        if error is None:
            # With what failed before: entries are written in order, so by now it is on disk too.
            told, self._unpublished = self._unpublished, []
            self._reached("durable", told)
            self._hub.publish(*told)
        else:
            log.error("journal_failed", error=str(error), entries=len(made))

    def _reached(self, what: str, entries: Entries) -> None:
        for entry in entries:
            self._checkpoint(f"{what}.{type(entry).__name__}")
