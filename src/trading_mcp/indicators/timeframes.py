"""Candles of a small interval put together to larger ones."""

import numpy as np
from numpy.typing import NDArray

from trading_mcp.domain.candles import Candles, interval_ms


def aggregate(
    candles: Candles, interval: str, larger: str, *, keep_incomplete: bool = False
) -> Candles:
    """Put candles of *interval* together to candles of *larger*, aligned to its UTC multiples.

    The last one is dropped unless the last candle given closes it or *keep_incomplete* is set.
    The first one may lack its beginning, and any one the candles that an exchange leaves out
    when nothing traded.

    Raises:
        ValueError: an unknown interval, or *larger* is not a multiple of *interval*.
    """
    small, large = interval_ms(interval), interval_ms(larger)
    if large % small:
        raise ValueError(f"{larger} is not a multiple of {interval}")
    if not keep_incomplete:
        candles = _without_open_end(candles, small, large)
    return _grouped(candles, candles.time // large * large)


def _without_open_end(candles: Candles, small: int, large: int) -> Candles:
    if not len(candles) or (candles.time[-1] + small) % large == 0:
        return candles
    last = candles.time[-1] // large * large
    return candles[: int(np.searchsorted(candles.time, last))]


def _grouped(candles: Candles, opened_at: NDArray[np.int64]) -> Candles:
    times, starts = np.unique(opened_at, return_index=True)
    if not len(times):
        return candles
    ends = np.append(starts[1:], len(candles)) - 1
    return Candles(
        times,
        candles.open[starts],
        np.maximum.reduceat(candles.high, starts),
        np.minimum.reduceat(candles.low, starts),
        candles.close[ends],
        np.add.reduceat(candles.volume, starts),
    )
