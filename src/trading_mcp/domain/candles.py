"""Candles: one at a time, and as read-only columns."""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from trading_mcp.domain.times import MINUTE_MS

Column = NDArray[np.float64]

INTERVALS: dict[str, int] = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "2h": 120 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "6h": 360 * MINUTE_MS,
    "12h": 720 * MINUTE_MS,
    "1d": 1440 * MINUTE_MS,
}
"""The intervals known everywhere, in milliseconds. Each starts at a multiple of itself (UTC)."""


def interval_ms(interval: str) -> int:
    """Return the length of *interval* in milliseconds.

    Raises:
        ValueError: unknown interval.
    """
    if interval not in INTERVALS:
        raise ValueError(f"unknown interval {interval[:20]!r}; known: {', '.join(INTERVALS)}")
    return INTERVALS[interval]


class Candle(msgspec.Struct, frozen=True):
    """One candle. *opened_at* is UTC ms; prices are quote per base; volume is in base."""

    opened_at: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Candles:
    """Candles as equally long, read-only columns, oldest first.

    `time` holds the opening times (int64, UTC ms); `open`, `high`, `low`, `close` and `volume`
    are float64.
    """

    __slots__ = ("close", "high", "low", "open", "time", "volume")

    def __init__(
        self,
        time: NDArray[np.int64],
        open: Column,
        high: Column,
        low: Column,
        close: Column,
        volume: Column,
    ):
        self.time, self.open, self.high = time, open, high
        self.low, self.close, self.volume = low, close, volume
        for name in self.__slots__:
            # A view, so that freezing it leaves the caller's own array writable.
            column = getattr(self, name).view()
            column.flags.writeable = False
            setattr(self, name, column)
        if len({len(getattr(self, name)) for name in self.__slots__}) != 1:
            raise ValueError("all columns of candles must have the same length")

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, rows: slice | NDArray[np.bool_] | NDArray[np.intp]) -> "Candles":
        return Candles(*(getattr(self, n)[rows] for n in _ORDER))

    def row(self, index: int) -> Candle:
        """Return the candle at *index* (negative counts from the newest)."""
        return Candle(int(self.time[index]), *(float(getattr(self, n)[index]) for n in _ORDER[1:]))

    def rows(self) -> list[Candle]:
        """Return all candles one by one."""
        columns = [getattr(self, n).tolist() for n in _ORDER]
        return [Candle(*values) for values in zip(*columns, strict=True)]

    @classmethod
    def of(cls, rows: Sequence[Candle]) -> "Candles":
        """Build columns from single candles."""
        times = np.array([row.opened_at for row in rows], dtype=np.int64)
        return cls(times, *(_floats(getattr(row, n) for row in rows) for n in _ORDER[1:]))


_ORDER = ("time", "open", "high", "low", "close", "volume")


def _floats(values: Iterable[float]) -> Column:
    return np.fromiter(values, dtype=np.float64)
