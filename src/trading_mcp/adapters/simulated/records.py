"""The account on disk: what it was at the last start, and every entry since."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from trading_mcp.adapters.simulated.ledger import LedgerEntry, Listed, State
from trading_mcp.domain.markets import Market
from trading_mcp.ports import Journal

_SNAPSHOT_EVERY = 2000


def load(journal: Journal[LedgerEntry], markets: Sequence[Market]) -> tuple[State, int]:
    """Return the account that *journal* adds up to, and the number of its last entry."""
    seq, state = 0, State()
    snapshot = journal.snapshot()
    if snapshot:
        seq, state = snapshot[0], msgspec.msgpack.decode(snapshot[1], type=State)
    # Those that are not there any more, as they were; those that are, as they are.
    by_symbol = state.listed | {market.symbol: market for market in markets}
    for number, entry in journal.entries(seq):
        if isinstance(entry, Listed):
            by_symbol.setdefault(entry.market.symbol, entry.market)
        state.apply(entry, by_symbol)
        seq = number
    return state, seq


class Records:
    """Writes entries behind entry *seq* of *journal*, and now and then a snapshot."""

    def __init__(self, journal: Journal[LedgerEntry], seq: int):
        self._journal, self._seq, self._snapshot_seq = journal, seq, seq
        self._last: asyncio.Future[Any] | None = None

    async def keep(self, entries: Sequence[LedgerEntry], state: State) -> None:
        """Write *entries*, which led to *state*; done when they are on disk."""
        first, self._seq = self._seq + 1, self._seq + len(entries)
        self._last = asyncio.ensure_future(self._journal.append(first, entries))
        # Taken before anything is awaited: later entries must not be in it.
        snapshot = self._due_snapshot(state)
        await self.settled()
        if snapshot:
            await self._journal.keep_snapshot(*snapshot)

    async def settled(self) -> None:
        """Wait until everything that has been decided is on disk."""
        if self._last:
            # Whoever waits may be cancelled; the writing may not.
            await asyncio.shield(self._last)

    def _due_snapshot(self, state: State) -> tuple[int, bytes] | None:
        if self._seq - self._snapshot_seq < _SNAPSHOT_EVERY:
            return None
        self._snapshot_seq = self._seq
        return self._seq, msgspec.msgpack.encode(state)
