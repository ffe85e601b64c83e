"""Events on their way to whoever reads them: in order, and bounded by joining prices."""

import asyncio
from collections import deque
from collections.abc import Sequence

import structlog
from msgspec.structs import replace

from trading_mcp.domain.markets import MarketKey
from trading_mcp.domain.quotes import MarketEvent, PriceMove

log = structlog.get_logger(__name__)
_MOST = 10_000


class Outbox:
    """Holds events until they are taken.

    A slow reader gets fewer moves, each spanning all that happened; never a candle too few, up to
    a bound. A move is never joined to one from before a candle.
    """

    def __init__(self, most: int = _MOST):
        self._ready: deque[MarketEvent] = deque()
        self._moves: dict[MarketKey, PriceMove] = {}
        self._something, self._most = asyncio.Event(), most
        self.dropped = 0

    def put_move(self, move: PriceMove) -> None:
        """Add a move: joined to the market's own, if that has not been taken yet."""
        waiting = self._moves.get(move.market)
        self._moves[move.market] = move if waiting is None else joined(waiting, move)
        self._something.set()

    def put(self, events: Sequence[MarketEvent]) -> None:
        """Add events after all moves so far."""
        self._ready.extend(self._moves.values())
        self._moves.clear()
        self._ready.extend(events)
        self._bound()
        if self._ready:
            self._something.set()

    async def get(self) -> MarketEvent:
        """Return the next event, when there is one."""
        while not self._ready and not self._moves:
            self._something.clear()
            await self._something.wait()
        if self._ready:
            return self._ready.popleft()
        return self._moves.pop(next(iter(self._moves)))

    def _bound(self) -> None:
        over = len(self._ready) - self._most
        for _ in range(over):
            self._ready.popleft()
        if over > 0:
            self.dropped += over
            log.warning("market_events_dropped", count=over, dropped=self.dropped)


def joined(earlier: PriceMove, later: PriceMove) -> PriceMove:
    """Return one move made of two of the same market."""
    high, low = max(earlier.high, later.high), min(earlier.low, later.low)
    return replace(later, open=earlier.open, high=high, low=low)
