"""The candles that strategies look at: for each market the newest, as columns."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trading_mcp.domain.candles import Candle, Candles

Added = Literal["added", "known", "gap"]
_ROOM = 4
"""How many windows long the buffer is, so that it is copied only once in a long while."""


class Window:
    """The newest *size* closed candles of one market, each new one appended in place."""

    def __init__(self, size: int, interval_ms: int):
        self.size, self._step = size, interval_ms
        self._times = np.zeros(size * _ROOM, dtype=np.int64)
        self._values = np.zeros((5, size * _ROOM), dtype=np.float64)
        self._end = 0

    def fill(self, candles: Candles) -> None:
        """Start anew from *candles*, oldest first; what lies before a gap is of no use."""
        self._end = 0
        for candle in candles[-self.size :].rows():
            if self.add(candle) == "gap":
                self._end = 0
                self.add(candle)

    def add(self, candle: Candle) -> Added:
        """Append *candle*, if it follows the newest: a known one is not added again."""
        newest = self.newest
        if newest is not None and candle.opened_at <= newest:
            return "known"
        if newest is not None and candle.opened_at != newest + self._step:
            return "gap"
        if self._end == len(self._times):
            self._make_room()
        self._times[self._end] = candle.opened_at
        self._values[:, self._end] = (
            candle.open,
            candle.high,
            candle.low,
            candle.close,
            candle.volume,
        )
        self._end += 1
        return "added"

    @property
    def newest(self) -> int | None:
        """When the newest candle opened (UTC ms)."""
        return int(self._times[self._end - 1]) if self._end else None

    def candles(self) -> Candles:
        """Return the window as columns. They stay as they are while new candles come in."""
        start = max(0, self._end - self.size)
        columns: list[NDArray[np.float64]] = [row[start : self._end] for row in self._values]
        return Candles(self._times[start : self._end], *columns)

    def _make_room(self) -> None:
        # New arrays, not a shift in place: a strategy may still be reading the old ones.
        kept = slice(self._end - self.size, self._end)
        times, values = np.zeros_like(self._times), np.zeros_like(self._values)
        times[: self.size] = self._times[kept]
        values[:, : self.size] = self._values[:, kept]
        self._times, self._values, self._end = times, values, self.size
