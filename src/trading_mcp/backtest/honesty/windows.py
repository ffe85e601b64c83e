"""Which part of a past is searched, and which part after it shows what the search was worth."""

from collections.abc import Sequence

import msgspec
import numpy as np

from trading_mcp.backtest.histories import Settlements
from trading_mcp.backtest.runs import Data
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.errors import InvalidParameter

LEAST_CANDLES = 20
"""A test over fewer tells nothing."""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A search over [*start*, *split*), and its test over [*split*, *end*); UTC ms."""

    start: int
    split: int
    end: int


def windows_of(
    data: Sequence[Data], *, folds: int = 5, train_parts: int = 3, anchored: bool = False
) -> tuple[Window, ...]:
    """Cut the time of *data* into *folds* tests, one after the other, each after its search.

    A search is *train_parts* times as long as a test, and moves on with it (rolling); *anchored*:
    it always begins at the beginning, and grows.

    Raises:
        InvalidParameter: so few candles, that a test would tell nothing.
    """
    if folds < 1 or train_parts < 1:
        raise InvalidParameter("a walk needs at least one fold and one part to search")
    step = data[0].interval
    first = min(int(market.candles.time[0]) for market in data)
    count = (max(int(market.candles.time[-1]) for market in data) - first) // step + 1
    length = count // (folds + train_parts)
    if length < LEAST_CANDLES:
        needed = LEAST_CANDLES * (folds + train_parts)
        raise InvalidParameter(
            f"{count:,} candles are too few for {folds} folds: expected at least {needed:,}"
        )
    # What does not divide goes into the first search, so that the last test ends at the end.
    splits = [count - (folds - i) * length for i in range(folds)]
    return tuple(
        Window(
            start=first if anchored else first + (split - train_parts * length) * step,
            split=first + split * step,
            end=first + (split + length) * step,
        )
        for split in splits
    )


def between(data: Data, start: int, end: int) -> Data:
    """Return *data* from *start* up to, and without, *end* (UTC ms)."""
    settled = data.settlements
    return msgspec.structs.replace(
        data,
        candles=_between(data.candles, start, end),
        finer=None if data.finer is None else _between(data.finer, start, end),
        settlements=None if settled is None else _settled(settled, start, end),
    )


def candles_before(data: Data, at: int, count: int) -> int:
    """Return the opening time of the candle *count* candles before *at*, or of the first one."""
    row = int(np.searchsorted(data.candles.time, at))
    return int(data.candles.time[max(row - count, 0)]) if row else at


def _between(candles: Candles, start: int, end: int) -> Candles:
    first, last = np.searchsorted(candles.time, (start, end))
    return candles[int(first) : int(last)]


def _settled(settlements: Settlements, start: int, end: int) -> Settlements:
    first, last = np.searchsorted(settlements.time, (start, end))
    return Settlements(settlements.time[first:last], settlements.rate[first:last])
