"""A run broken down: by market, by month, by why positions were left."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from trading_mcp.backtest.curves import daily_equity, rows_of
from trading_mcp.backtest.kernel.layout import REASONS, Whole
from trading_mcp.backtest.metrics import Sums, sums_of, sums_told
from trading_mcp.backtest.simulation import Outcome
from trading_mcp.domain.times import DAY_MS


class OfPair(Sums, frozen=True, kw_only=True):
    """What one market's trades came to."""

    pair: str
    fees: float
    buy_and_hold_return_pct: float


class OfMonth(msgspec.Struct, frozen=True, kw_only=True):
    """One UTC month, such as 2026-11: how the equity moved, and the trades that ended in it."""

    month: str
    return_pct: float
    pnl: float
    total_trades: int
    winning_trades: int


class OfReason(msgspec.Struct, frozen=True, kw_only=True):
    """The trades that ended for one reason."""

    reason: str
    total_trades: int
    total_pnl: float


def by_pair(outcome: Outcome) -> tuple[OfPair, ...]:
    """Return what each market came to."""
    bars, found = outcome.bars, []
    for m, pair in enumerate(outcome.markets):
        trades, sums = outcome.trades, {}
        if len(outcome.markets) > 1:
            trades = trades[trades.market == m]
            sums = msgspec.structs.asdict(sums_of(np.ascontiguousarray(trades.pnl)))
        rows = rows_of(outcome, m)
        found.append(
            OfPair(
                **(sums or sums_told(outcome.account)),
                pair=pair,
                fees=float(trades.fees.sum()),
                buy_and_hold_return_pct=100.0
                * (float(bars.close[rows][-1] / bars.open[rows][0]) - 1.0),
            )
        )
    return tuple(found)


def by_month(outcome: Outcome) -> tuple[OfMonth, ...]:
    """Return each month of the run. The equity of the months multiplies up to that of the run."""
    days, equity = daily_equity(outcome)
    months, of_days, last_days = _months(days)
    pnl = np.ascontiguousarray(outcome.trades.pnl)
    # What a smaller candle ended may lie beyond the last day.
    ended = np.minimum(outcome.trades.exit_at // DAY_MS - days[0], len(days) - 1)
    place = of_days[ended]
    counts = np.bincount(place, minlength=len(months))
    totals = np.bincount(place, weights=pnl, minlength=len(months))
    wins = np.bincount(place, weights=pnl > 0, minlength=len(months)).astype(np.int64)
    after = equity[last_days]
    before = np.concatenate(([outcome.capital], after[:-1]))
    returns = np.divide(after, before, out=np.ones(len(after)), where=before > 0) - 1.0
    return tuple(
        OfMonth(month=m, return_pct=r, pnl=pnl, total_trades=count, winning_trades=won)
        for m, r, pnl, count, won in zip(
            months.astype(str).tolist(),
            (100.0 * returns).tolist(),
            totals.tolist(),
            counts.tolist(),
            wins.tolist(),
            strict=True,
        )
    )


def _months(days: Whole) -> tuple[NDArray[np.datetime64], Whole, Whole]:
    """Return the months that *days* (since 1970) lie in, which of them each day lies in, and the
    place of each one's last day."""
    of_days = days.astype("M8[D]").astype("M8[M]")
    ends = np.flatnonzero(np.append(of_days[1:] != of_days[:-1], True))
    return of_days[ends], np.repeat(np.arange(len(ends)), np.diff(ends, prepend=-1)), ends


def by_reason(outcome: Outcome) -> tuple[OfReason, ...]:
    """Return why positions were left, as far as any was."""
    codes = outcome.trades.reason
    profits = np.ascontiguousarray(outcome.trades.pnl)
    counts = np.bincount(codes, minlength=len(REASONS))
    totals = np.bincount(codes, weights=profits, minlength=len(REASONS))
    return tuple(
        OfReason(reason=reason, total_trades=int(count), total_pnl=float(total))
        for reason, count, total in zip(REASONS, counts, totals, strict=True)
        if count
    )
