"""The price at every millisecond: a straight path through each five-second candle."""

from typing import NamedTuple

import numpy as np

from trading_mcp.adapters.simulated.noise import bits, die
from trading_mcp.adapters.simulated.tree import LEAF, Rows

_FIRST_TURN, _SECOND_TURN = LEAF // 5, LEAF * 3 // 5
_SPREAD_OF_TURNS = LEAF // 4


class Path(NamedTuple):
    """How the price went, in ticks, and the grains traded meanwhile."""

    open: int
    high: int
    low: int
    last: int
    volume: int

    def then(self, other: "Path") -> "Path":
        """Return this path continued by *other*."""
        high, low = max(self.high, other.high), min(self.low, other.low)
        return Path(self.open, high, low, other.last, self.volume + other.volume)


class Leaf(NamedTuple):
    """One five-second candle: the price turns at *turn* and again at *back* (ms into it).

    *way* is 1 if it goes up first. *close* is in ticks, *volume* in grains.
    """

    turn: int
    back: int
    way: int
    close: int
    volume: int


class Leaves:
    """Consecutive five-second candles, and the path of the price through them.

    Within a candle the price runs from the open to one extreme, to the other, and to the close.
    """

    def __init__(self, rows: Rows, turns_key: int):
        random = bits(turns_key, rows.place)
        up_first = die(random, 0) % 2 == 0
        self._way = np.where(up_first, 1, -1).tolist()
        self.start = int(rows.place[0]) * LEAF
        self._open, self._close = rows.open.tolist(), rows.close.tolist()
        self._high, self._low = rows.high.tolist(), rows.low.tolist()
        self._volume = rows.volume.tolist()
        self._first = np.where(up_first, rows.high, rows.low).tolist()
        self._second = np.where(up_first, rows.low, rows.high).tolist()
        self._turn = (_FIRST_TURN + die(random, 1) % _SPREAD_OF_TURNS).tolist()
        self._return = (_SECOND_TURN + die(random, 2) % _SPREAD_OF_TURNS).tolist()

    def price(self, at: int) -> int:
        """Return the price at *at* (UTC ms), in ticks."""
        leaf, passed = divmod(at - self.start, LEAF)
        return self._inside(leaf, passed)

    def leaf(self, place: int) -> Leaf:
        """Return the candle that opened *place* times five seconds after 1970."""
        n = place - self.start // LEAF
        return Leaf(self._turn[n], self._return[n], self._way[n], self._close[n], self._volume[n])

    def path(self, since: int, until: int) -> Path:
        """Return the path from *since* to *until*, which both lie in these candles."""
        first, skipped = divmod(since - self.start, LEAF)
        last, passed = divmod(until - self.start, LEAF)
        if first == last:
            return self._part(first, skipped, passed)
        whole = self._part(first, skipped, LEAF) if skipped else self._run(first, first + 1)
        if first + 1 < last:
            whole = whole.then(self._run(first + 1, last))
        return whole.then(self._part(last, 0, passed)) if passed else whole

    def _run(self, first: int, end: int) -> Path:
        high, low = max(self._high[first:end]), min(self._low[first:end])
        volume = sum(self._volume[first:end])
        return Path(self._open[first], high, low, self._close[end - 1], volume)

    def _part(self, leaf: int, since: int, until: int) -> Path:
        ends = self._inside(leaf, since), self._inside(leaf, until)
        turns = (self._turn[leaf], self._first[leaf]), (self._return[leaf], self._second[leaf])
        prices = [*ends, *(price for at, price in turns if since <= at <= until)]
        volume = self._volume[leaf]
        traded = volume * until // LEAF - volume * since // LEAF
        return Path(ends[0], max(prices), min(prices), ends[1], traded)

    def _inside(self, leaf: int, passed: int) -> int:
        turn, back = self._turn[leaf], self._return[leaf]
        if passed < turn:
            return _between(self._open[leaf], self._first[leaf], passed, turn)
        if passed < back:
            return _between(self._first[leaf], self._second[leaf], passed - turn, back - turn)
        return _between(self._second[leaf], self._close[leaf], passed - back, LEAF - back)


def _between(start: int, end: int, passed: int, whole: int) -> int:
    return start + (end - start) * passed // whole
