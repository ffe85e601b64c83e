"""What can be wrong with candles that come from outside."""

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from trading_mcp.domain.candles import Candles

_MOST = 1e18
_COLUMNS = ("open", "high", "low", "close", "volume")
Flags = NDArray[np.bool_]


class Flaw(msgspec.Struct, frozen=True):
    """What is wrong with the candles at the indices *rows*."""

    what: str
    rows: NDArray[np.int64]


def flaws(candles: Candles, step: int) -> list[Flaw]:
    """Return what makes single candles of an interval of *step* ms impossible."""
    found = (Flaw(what, np.flatnonzero(flags)) for what, flags in _judged(candles, step))
    return [flaw for flaw in found if len(flaw.rows)]


def repeated(times: NDArray[np.int64]) -> Flaw:
    """Return the rows whose time an earlier row has already."""
    order = np.argsort(times, kind="stable")
    again = order[1:][times[order[1:]] == times[order[:-1]]]
    return Flaw("has the time of one before it", np.sort(again))


def unsorted(times: NDArray[np.int64]) -> Flaw:
    """Return the rows that are older than the row before them."""
    return Flaw("is older than the one before it", np.flatnonzero(np.diff(times) < 0) + 1)


def _judged(candles: Candles, step: int) -> Iterator[tuple[str, Flags]]:
    prices = (candles.open, candles.high, candles.low, candles.close)
    sound = {name: _is_number(getattr(candles, name)) for name in _COLUMNS}
    numbers = _all(iter(sound.values()))
    positive = _all(price > 0 for price in prices)
    wrong = ", ".join(name for name, flags in sound.items() if not flags.all())
    yield f"has a number that is not finite, or larger than 1e18, as its {wrong}", ~numbers
    yield "has a price that is not above 0", numbers & ~positive
    yield "has a volume below 0", numbers & (candles.volume < 0)
    upright = candles.high >= candles.low
    yield "has a high below its low", numbers & ~upright
    for name in ("open", "close"):
        price = getattr(candles, name)
        inside = (price >= candles.low) & (price <= candles.high)
        yield f"has its {name} outside of low and high", numbers & upright & ~inside
    yield "opens at a time at which no candle of this interval opens", candles.time % step != 0


def _is_number(column: NDArray[np.float64]) -> Flags:
    return np.isfinite(column) & (np.abs(column) <= _MOST)


def _all(flags: Iterator[Flags]) -> Flags:
    together: Flags = np.all(np.stack(list(flags)), axis=0)
    return together
