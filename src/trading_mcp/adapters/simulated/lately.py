"""The last millisecond that has been followed: more of it may be told of later."""

from trading_mcp.domain.quotes import Move
from trading_mcp.ports import Tape


class Lately:
    """Remembers of each market what *tape* told of the millisecond that it was followed to.

    One order that takes several levels is several trades of the same time, and they may come in
    several messages.
    """

    def __init__(self, tape: Tape):
        self._tape = tape
        self._seen: dict[str, tuple[int, Move | None]] = {}

    def note(self, symbol: str, at: int) -> None:
        """Note that the market has been followed to *at* (UTC ms)."""
        self._seen[symbol] = (at, self._tape.move(symbol, at - 1, at))

    def more(self, symbol: str, at: int) -> Move | None:
        """Return what has been told of *at* since it was noted, or None."""
        noted_at, before = self._seen.get(symbol, (0, None))
        now = self._tape.move(symbol, at - 1, at) if noted_at == at else None
        if now is None or (before and now.volume <= before.volume):
            return None
        self._seen[symbol] = (at, now)
        return _beyond(before, now) if before else now


def _beyond(before: Move, now: Move) -> Move:
    """Return no more of *now* than what certainly came after *before*."""
    high = now.high if now.high > before.high else now.last
    low = now.low if now.low < before.low else now.last
    opened = min(max(before.last, low), high)
    return Move(opened, high, low, now.last, now.volume - before.volume)
