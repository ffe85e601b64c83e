"""Many runs over one market at once: what they share, and the records of each."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from trading_mcp.backtest.compiling import Many
from trading_mcp.backtest.kernel import layout
from trading_mcp.backtest.kernel.layout import Bars, Memory, Record, Table, Wishes
from trading_mcp.backtest.kernel.leaping import BLOCK, STRETCH, Ahead, Reach, Runs
from trading_mcp.backtest.terms import Exits
from trading_mcp.domain.candles import Column
from trading_mcp.domain.times import DAY_MS


class Ended(NamedTuple):
    """How runs ended: a record of the account each, and `ratios.moments` of its daily returns."""

    account: Record
    daily_moments: Table


def reach_of(bars: Bars) -> Reach:
    """Return how far blocks of candles reach, and where days end as in `curves.daily_equity`."""
    whole = len(bars.time) - len(bars.time) % BLOCK
    days = np.arange(bars.time[0] // DAY_MS, bars.time[-1] // DAY_MS + 1)
    return Reach(
        _of_blocks(np.minimum, bars.low[:whole]),
        _of_blocks(np.maximum, bars.high[:whole]),
        np.searchsorted(bars.time, (days + 1) * DAY_MS) - 1,
    )


def _of_blocks(further: np.ufunc, column: Column) -> Column:
    # Two by two: to reduce rows that are so short takes numpy ten times as long.
    size = BLOCK
    while size > 1:
        column, size = further(column[::2], column[1::2]), size // 2
    return column


def run_all(
    many: Many,
    bars: Bars,
    wishes: Wishes,
    reach: Reach,
    fresh: Memory,
    exits: Sequence[Exits],
    stretch: int = STRETCH,
) -> Ended:
    """Run with each of *exits*, each time from the records *fresh* on; return how they ended.

    This is for a single market without finer candles, settlements and limits that are watched. All
    go over a *stretch* of candles before any goes over the next.
    """
    count = len(exits)
    runs = Runs(
        plan=_plans(exits),
        account=np.repeat(fresh.account, count).view(np.recarray),
        seat=np.repeat(fresh.held, count).view(np.recarray),
        place=_places(count, float(fresh.account[0]["wallet"])),
        daily=np.empty((count, len(reach.day_end))),
        daily_moments=np.empty((count, 3)),
        sizing=fresh.sizing,
        limits=fresh.limits,
        terms=fresh.terms,
        trade=np.empty(1, layout.TRADE).view(np.recarray),
    )
    ahead = Ahead(*(np.empty(len(wishes.row) + 1, np.int64) for _ in Ahead._fields))
    many(bars, wishes, reach, ahead, runs, stretch)
    return Ended(runs.account.view(np.ndarray), runs.daily_moments)


def _places(count: int, capital: float) -> Any:
    return np.full(count, np.array((0, 0, 0, capital), layout.PLACE)).view(np.recarray)


def _plans(exits: Sequence[Exits]) -> Any:
    rows = [
        (
            one.stop_loss_pct,
            one.take_profit_pct,
            one.trailing_stop_pct,
            one.breakeven_pct,
            one.max_candles,
        )
        for one in exits
    ]
    return np.array(rows, dtype=layout.PLAN).view(np.recarray)
