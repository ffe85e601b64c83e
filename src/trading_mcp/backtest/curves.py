"""Lines over the time of a run: the equity day by day, and what holding would have come to."""

import numpy as np

from trading_mcp.backtest.kernel.layout import Whole
from trading_mcp.backtest.simulation import Outcome
from trading_mcp.domain.candles import Column
from trading_mcp.domain.times import DAY_MS


def span_days(outcome: Outcome) -> float:
    """Return how long a run is, in days: from the first open to the last close."""
    return float(outcome.time[-1] + outcome.interval - outcome.time[0]) / DAY_MS


def daily_equity(outcome: Outcome) -> tuple[Whole, Column]:
    """Return each UTC day (days since 1970) and the equity at its last close.

    A day without candles has that of the day before.
    """
    first, last = int(outcome.time[0]) // DAY_MS, int(outcome.time[-1]) // DAY_MS
    days = np.arange(first, last + 1)
    return days, outcome.equity[_before(outcome, (days + 1) * DAY_MS)]


def _before(outcome: Outcome, times: Whole) -> Whole:
    """Return the last moment before each of *times*."""
    first, last = outcome.time[0], outcome.time[-1]
    if last - first == (len(outcome.time) - 1) * outcome.interval:  # without gaps: no search
        at: Whole = np.minimum((times - first - 1) // outcome.interval, len(outcome.time) - 1)
        return at
    return np.searchsorted(outcome.time, times) - 1


def daily_returns(outcome: Outcome) -> list[float]:
    """Return each UTC day's return, a fraction; none once the equity has been lost."""
    _, equity = daily_equity(outcome)
    if not (equity > 0).all():
        return []
    before = np.concatenate(([outcome.capital], equity[:-1]))
    returns: list[float] = (equity / before - 1.0).tolist()
    return returns


def buy_and_hold(outcome: Outcome) -> Column:
    """Return what the capital would have grown to at each market's closes, as a factor, without
    costs: bought at each market's first open in equal parts, and held."""
    bars, count = outcome.bars, len(outcome.markets)
    if count == 1:
        alone: Column = bars.close / bars.open[0]
        return alone
    total = np.zeros(len(outcome.time))
    for m in range(count):
        rows = np.flatnonzero(bars.market == m)
        at = np.searchsorted(bars.time[rows], outcome.time, side="right") - 1
        grown = bars.close[rows] / bars.open[rows[0]]
        total += np.where(at < 0, 1.0, grown[np.maximum(at, 0)])
    return total / count


def rows_of(outcome: Outcome, m: int) -> slice | Whole:
    """Return which of the candles are those of the market *m*."""
    return slice(None) if len(outcome.markets) == 1 else np.flatnonzero(outcome.bars.market == m)


def held_return(outcome: Outcome) -> float:
    """Return what buying and holding would have gained, as a fraction."""
    bars, gained = outcome.bars, 0.0
    for m in range(len(outcome.markets)):
        rows = rows_of(outcome, m)
        gained += float(bars.close[rows][-1] / bars.open[rows][0]) - 1.0
    return gained / len(outcome.markets)
