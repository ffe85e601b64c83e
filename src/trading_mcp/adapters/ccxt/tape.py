"""What has been traded of late, by the time at which it was heard of."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from trading_mcp.domain.quotes import Move, PublicTrade

_MOST = 50_000
"""How many milliseconds with trades are remembered of each market."""


class Tape:
    """Remembers moves of markets; implements `ports.Tape`. Times are UTC ms of our own clock."""

    def __init__(self, most: int = _MOST):
        self._most = most
        self._times: dict[str, list[int]] = defaultdict(list)
        self._moves: dict[str, list[Move]] = defaultdict(list)

    def add(self, symbol: str, at: int, move: Move) -> None:
        """Note *move* as heard at *at*, after all that was heard then already."""
        times, moves = self._times[symbol], self._moves[symbol]
        if times and times[-1] == at:
            moves[-1] = joined([moves[-1], move])
            return
        place = bisect_right(times, at)
        times.insert(place, at)
        moves.insert(place, move)
        if len(times) > self._most:
            # A tenth at once, so that it does not cost each time.
            del times[: self._most // 10], moves[: self._most // 10]

    def move(self, symbol: str, since: int, until: int) -> Move | None:
        """Return how the price went after *since* and up to *until* (UTC ms, included).

        None if that is not known, or nobody traded.
        """
        times = self._times.get(symbol, [])
        first, last = bisect_right(times, since), bisect_right(times, until)
        return joined(self._moves[symbol][first:last]) if first < last else None

    def replace(self, symbol: str, since: int, until: int, move: Move) -> None:
        """Put *move* in place of all that is known after *since* and up to *until*."""
        times, moves = self._times[symbol], self._moves[symbol]
        first, last = bisect_right(times, since), bisect_right(times, until)
        times[first:last], moves[first:last] = [until], [move]


def move_of(trades: Sequence[PublicTrade]) -> Move:
    """Return what one or more trades did, the oldest first."""
    prices = [trade.price for trade in trades]
    volume = sum(trade.amount for trade in trades)
    return Move(prices[0], max(prices), min(prices), prices[-1], volume)


def joined(moves: list[Move]) -> Move:
    """Return one move made of several, one after the other."""
    return Move(
        moves[0].open,
        max(move.high for move in moves),
        min(move.low for move in moves),
        moves[-1].last,
        sum(move.volume for move in moves),
    )
