"""A journal in memory: what a replay decides is read at its end, and kept nowhere."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

EntryT = TypeVar("EntryT")


class ReplayJournal(Generic[EntryT]):
    """The entries since the beginning."""

    def __init__(self) -> None:
        self._entries: list[EntryT] = []

    def append(self, first_seq: int, entries: Sequence[EntryT]) -> "asyncio.Future[None]":
        """Add *entries*; they are safe at once, as far as they ever are."""
        self._entries += entries
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def snapshot(self) -> tuple[int, bytes] | None:
        """Return None: nothing was before."""
        return None

    def entries(self, after: int) -> Iterator[tuple[int, EntryT]]:
        """Yield the numbered entries after *after*, oldest first."""
        yield from enumerate(self._entries[after:], after + 1)

    @property
    def healthy(self) -> bool:
        """True: nothing can fail."""
        return True

    async def keep_snapshot(self, seq: int, state: bytes) -> None:
        """Keep nothing."""

    async def close(self) -> None:
        """Close nothing."""
