"""Indicators over whole columns: TA-Lib behind typed functions.

Every function takes float64 columns, oldest first, and gives columns of the same length: NaN for
as long as there is too little to go by, for all rows if need be. Leading NaN is skipped; from the
first NaN or infinity after a number on, the answer is NaN, since an average never forgets it. No
market, however flat, makes them raise; only a parameter out of range does (ValueError).
"""

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import talib

from trading_mcp.domain.candles import Column
from trading_mcp.domain.signals import Flags
from trading_mcp.indicators.sharing import shared
from trading_mcp.indicators.warmup import wilder_warmup

TIE = 1e-9
"""Values closer than this part of the larger one are equal to `crosses_above` and `_below`."""
_NOISE = 1e-12
_BLOCK = 1 << 14
_PART = 1 << 16


class MacdColumns(NamedTuple):
    """The MACD line, its signal line, and the first minus the second."""

    line: Column
    signal: Column
    histogram: Column


class BollingerColumns(NamedTuple):
    """The moving average and the bands around it."""

    upper: Column
    middle: Column
    lower: Column


class StochasticColumns(NamedTuple):
    """Where the close lies between the lowest low and the highest high, in percent; smoothed."""

    k: Column
    d: Column


def sma(column: Column, period: int) -> Column:
    """Return the simple moving average."""
    return _talib(talib.SMA, column, timeperiod=period)[0]


def ema(column: Column, period: int) -> Column:
    """Return the exponential moving average, begun with the simple one."""
    return _talib(talib.EMA, column, timeperiod=period)[0]


def rsi(column: Column, period: int = 14) -> Column:
    """Return Wilder's relative strength index, 0 to 100.

    A market that has never moved, or not for so long that what was before is forgotten, is
    neutral: 50. (TA-Lib says 0 to the first, which would read as oversold.)
    """
    work = functools.partial(_known_rsi, column, period)
    return shared("known RSI", (column,), {"timeperiod": period}, work)[0]


def _known_rsi(column: Column, period: int) -> list[Column]:
    (index,) = _answer(talib.RSI, (column,), {"timeperiod": period})
    for stretch in _stillness(column, wilder_warmup(period)):
        index[stretch] = np.where(np.isnan(index[stretch]), np.nan, 50.0)
    return [index]


def macd(column: Column, fast: int = 12, slow: int = 26, signal: int = 9) -> MacdColumns:
    """Return the fast EMA minus the slow one, with its own EMA as signal line.

    Less than a millionth of a millionth of the price is 0: what is left of rounding in a market
    that stands still must not look like a crossing.
    """
    columns = _talib(talib.MACD, column, fastperiod=fast, slowperiod=slow, signalperiod=signal)
    noise = _NOISE * np.abs(column)
    return MacdColumns(*(np.where(np.abs(part) < noise, 0.0, part) for part in columns))


def bollinger(column: Column, period: int = 20, deviations: float = 2.0) -> BollingerColumns:
    """Return the moving average and the bands so many (population) deviations around it."""
    wide = float(deviations)
    return BollingerColumns(
        *_talib(talib.BBANDS, column, timeperiod=period, nbdevup=wide, nbdevdn=wide)
    )


def percent_b(column: Column, bands: BollingerColumns) -> Column:
    """Return where the price lies between its bands: 0 on the lower, 1 on the upper.

    NaN where the bands lie on one another, as in a market that stands still. (Bollinger's %b.)
    """
    width = bands.upper - bands.lower
    known = width > _NOISE * np.abs(bands.middle)
    unknown: Column = np.full(len(column), np.nan)
    return np.divide(column - bands.lower, width, out=unknown, where=known)


def bandwidth(bands: BollingerColumns) -> Column:
    """Return the distance of the bands as a share of their middle: 0.02 is 2 %. (Bollinger's.)"""
    return (bands.upper - bands.lower) / bands.middle


def atr(high: Column, low: Column, close: Column, period: int = 14) -> Column:
    """Return Wilder's average true range, in the price's own unit."""
    return _talib(talib.ATR, high, low, close, timeperiod=period)[0]


def stochastic(
    high: Column,
    low: Column,
    close: Column,
    k_period: int = 14,
    k_smoothing: int = 3,
    d_period: int = 3,
) -> StochasticColumns:
    """Return the slow stochastic, 0 to 100; 0 where the market had no height for *k_period*.

    The raw place of the close is averaged over *k_smoothing* candles (1: not at all), and that,
    which is %K, over *d_period* to %D; both averages are simple ones.
    """
    columns = _talib(
        talib.STOCH,
        high,
        low,
        close,
        fastk_period=k_period,
        slowk_period=k_smoothing,
        slowd_period=d_period,
    )
    # TA-Lib's running sums leave 1e-15 where 0 is meant, and what they leave depends on where
    # the history begins: a short window would cross lines that a long one does not.
    return StochasticColumns(*(np.round(part, 9) for part in columns))


def known_stochastic(
    high: Column, low: Column, close: Column, k_period: int, k_smoothing: int, d_period: int
) -> StochasticColumns:
    """Return the slow stochastic, and NaN for every average of a place in no range at all.

    *k_period* is 2 or more. Where the highest high of so many candles is their lowest low, the
    close has no place between them, and `stochastic`'s 0 would read as oversold.
    """
    k, d = stochastic(high, low, close, k_period, k_smoothing, d_period)
    (highest,) = _talib(talib.MAX, high, timeperiod=k_period)
    (lowest,) = _talib(talib.MIN, low, timeperiod=k_period)
    still = np.asarray(highest <= lowest)  # NaN is neither
    k[recently(still, k_smoothing)] = np.nan
    d[recently(still, k_smoothing + d_period - 1)] = np.nan
    return StochasticColumns(k, d)


def usual(column: Column, rows: int) -> float:
    """Return the median of the numbers among the last *rows*, of which there is one at least."""
    return float(np.nanmedian(column[-rows:]))


def crosses_above(column: Column, other: Column | float) -> Flags:
    """Return where *column* is above *other* and was not at the row before.

    Rows next to a NaN are False. Values within `TIE` of each other are equal, because the last
    digits of a running average depend on where it began.
    """
    return _crosses((column, other))[0]


def crosses_below(column: Column, other: Column | float) -> Flags:
    """Return where *column* is below *other* and was not at the row before."""
    return _crosses((other, column))[0]


def crosses_out(column: Column, low: float, high: float) -> tuple[Flags, Flags]:
    """Return where *column* `crosses_below` the *low*, and where it `crosses_above` the *high*.

    To ask for both at once takes less time than one after the other.
    """
    falls, rises = _crosses((low, column), (column, high))
    return falls, rises


def recently(flags: Flags, candles: int) -> Flags:
    """Return where *flags* is true at the row itself or one of the *candles* - 1 before it."""
    seen = np.cumsum(flags)
    before = np.zeros_like(seen)
    before[candles:] = seen[:-candles]
    return np.asarray(seen > before)


def _crosses(*pairs: tuple[Column | float, Column | float]) -> list[Flags]:
    """Say for each pair where the first has come to be above the second; NaN never is."""
    length = max(np.size(side) for pair in pairs for side in pair)
    crossed = [np.empty(length, dtype=np.bool_) for _ in pairs]
    levels = [_level(*pair) for pair in pairs]
    for found in crossed:
        found[:1] = False
    # A part at a time, small enough to be looked at again before it is gone from the cache.
    for first in range(1, length, _PART):
        rows = slice(first - 1, first + _PART)
        for (upper, lower), level, found in zip(pairs, levels, crossed, strict=True):
            above, below = _sides(_part(upper, rows), _part(lower, rows), level)
            np.logical_and(above[1:], below[:-1], out=found[first : first + _PART])
    return crossed


def _sides(upper: Any, lower: Any, level: float | None) -> tuple[Flags, Flags]:
    if level is None:
        line = lower + TIE * np.maximum(np.abs(upper), np.abs(lower))
        return upper > line, upper <= line
    if isinstance(upper, np.ndarray):
        return upper > level, upper <= level
    return lower < level, lower >= level


def _level(upper: Column | float, lower: Column | float) -> float | None:
    """Return what a single number is to be compared by; None: there are two columns."""
    if not isinstance(lower, np.ndarray):
        return _threshold(float(lower))
    if not isinstance(upper, np.ndarray):
        return -_threshold(-float(upper))
    return None


def _part(column: Column | float, rows: slice) -> Column | float:
    return column[rows] if isinstance(column, np.ndarray) else column


@functools.lru_cache(maxsize=256)
def _threshold(level: float) -> float:
    """Return the largest number that is not above *level*: nearer to it than `TIE`, or below."""
    low, high = level - abs(level) * 2 * TIE, level + abs(level) * 2 * TIE
    while (middle := low + (high - low) / 2) not in (low, high):
        low, high = (low, middle) if _is_above(middle, level) else (middle, high)
    return low


def _is_above(number: float, level: float) -> bool:
    return number > level + TIE * max(abs(number), abs(level))


def _talib(function: Callable[..., Any], *columns: Column, **parameters: float) -> list[Column]:
    name: str = function.__name__
    return shared(name, columns, parameters, lambda: _answer(function, columns, parameters))


def _answer(
    function: Callable[..., Any], columns: Sequence[Column], parameters: Mapping[str, float]
) -> list[Column]:
    inputs = [np.ascontiguousarray(column, dtype=np.float64) for column in columns]
    # What is wrapped: TA-Lib's wrapper looks for pandas and polars, for longer than it computes.
    plain = getattr(function, "__wrapped__", function)
    try:
        answer = plain(*inputs, **parameters)
    except Exception as error:  # TA-Lib raises nothing narrower
        raise ValueError(f"{function.__name__} of {parameters}: {error}") from error
    outputs = list(answer) if isinstance(answer, tuple) else [answer]
    if function is talib.RSI and _never_broke(outputs[0]):
        return outputs
    hole = _first_hole(inputs)
    for output in outputs:
        # Some functions skip a NaN by accident of comparison; we never answer past one.
        output[hole:] = np.nan
    return outputs


def _never_broke(index: Column) -> bool:
    """Say whether an RSI shows by its end that there was no hole: past one it is NaN, or 0."""
    return len(index) > 0 and 0.0 < index[-1] <= 100.0


def _first_hole(columns: list[Column]) -> int:
    if all(math.isfinite(column.sum()) for column in columns):
        return len(columns[0])  # one number that is not finite would have spoilt the sum
    known = np.isfinite(columns[0])
    for column in columns[1:]:
        known &= np.isfinite(column)
    if known.all():
        return len(known)
    holes = np.flatnonzero(np.maximum.accumulate(known) & ~known)
    return int(holes[0]) if len(holes) else len(known)


def _stillness(column: Column, patience: int) -> Iterator[slice]:
    """Yield each stretch of equal values from its row *patience* on; the first one whole."""
    moved = _next_change(column, 0)
    yield slice(0, moved)
    # A long stretch holds two of these in a row, so the others need not be looked at.
    step = max(patience // 2, 1)
    samples = column[moved::step]
    end = moved
    for n in np.flatnonzero(samples[1:] == samples[:-1]):
        at = moved + int(n) * step
        if at < end:
            continue
        start, end = _last_change(column, at), _next_change(column, at)
        if end - start > patience:
            yield slice(start + patience, end)


def _next_change(column: Column, row: int) -> int:
    """Return the first row after *row* with another value than it has; the length: none."""
    for first in range(row, len(column), _BLOCK):
        differs = column[first : first + _BLOCK] != column[row]
        if differs.any():
            return first + int(differs.argmax())
    return len(column)


def _last_change(column: Column, row: int) -> int:
    """Return the first row of the stretch of equal values that *row* is in."""
    for end in range(row, 0, -_BLOCK):
        differs = column[max(end - _BLOCK, 0) : end] != column[row]
        if differs.any():
            return end - int(differs[::-1].argmax())
    return 0
