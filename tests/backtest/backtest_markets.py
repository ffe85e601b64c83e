"""Small markets for the loop, written down or drawn by hypothesis."""

import numpy as np
from hypothesis import strategies as st

from trading_mcp.backtest.histories import History
from trading_mcp.backtest.kernel.layout import REASONS
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.signals import Signals
from trading_mcp.domain.times import MINUTE_MS

START = 1_767_225_600_000  # 2026-01-01


def candles_of(rows, start=START, step=MINUTE_MS):
    """Columns of (open, high, low, close)."""
    prices = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    times = start + step * np.arange(len(rows), dtype=np.int64)
    return Candles(times, *prices, np.ones(len(rows)))


def signals_of(length, strength=1.0, **rows):
    """Wishes at rows, such as enter_long=[0, 5]."""
    columns = {}
    for name in ("enter_long", "exit_long", "enter_short", "exit_short"):
        columns[name] = np.zeros(length, dtype=np.bool_)
        columns[name][list(rows.get(name, ()))] = True
    return Signals(**columns, strength=np.full(length, strength))


def history_of(rows, *, start=START, step=MINUTE_MS, market="BTC-USDT", more=None, **wishes):
    return History(
        market=market,
        interval=step,
        candles=candles_of(rows, start, step),
        signals=signals_of(len(rows), **wishes),
        **(more or {}),
    )


def told(outcome):
    """The trades as (side, entry row, entry price, exit row, exit price, reason)."""
    return [
        (
            int(trade.side),
            int(trade.entry_row),
            round(float(trade.entry_price), 9),
            int(trade.exit_row),
            round(float(trade.exit_price), 9),
            REASONS[trade.reason],
        )
        for trade in outcome.trades
    ]


@st.composite
def markets(draw, longest=40):
    """Candles on a coarse grid, so that levels are met exactly, with gaps and flat stretches."""
    count = draw(st.integers(2, longest))
    steps = st.integers(-6, 6)
    moves = draw(st.lists(st.tuples(steps, steps, *[st.integers(0, 6)] * 2), min_size=count))
    rows, last = [], 1_000
    for gap, move, up, down in moves:
        open_ = max(last + (gap if abs(gap) > 3 else 0), 50)
        close = max(open_ + move, 50)
        rows.append((open_, max(open_, close) + up, min(open_, close) - down, close))
        last = close
    return [tuple(price / 10 for price in row) for row in rows]


@st.composite
def wishes(draw, length):
    """Rows at which each of the four is wished; never both entries at once."""
    kinds = st.sampled_from(["", "", "", "enter_long", "enter_short", "exit_long", "exit_short"])
    found = {"enter_long": [], "enter_short": [], "exit_long": [], "exit_short": []}
    for row in range(length):
        first, second = draw(kinds), draw(kinds)
        for name in {first, second} - {""}:
            if not (name.startswith("enter") and {first, second} >= {"enter_long", "enter_short"}):
                found[name].append(row)
    return found
