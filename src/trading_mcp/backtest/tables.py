"""A run broken down: by market, by month, by why positions were left."""

import msgspec
import numpy as np

from trading_mcp.backtest.curves import daily_equity, rows_of
from trading_mcp.backtest.kernel.layout import REASONS
from trading_mcp.backtest.metrics import Sums, sums_of
from trading_mcp.backtest.simulation import Outcome


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
        trades = outcome.trades
        if len(outcome.markets) > 1:
            trades = trades[trades.market == m]
        rows = rows_of(outcome, m)
        found.append(
            OfPair(
                **msgspec.structs.asdict(sums_of(trades.pnl)),
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
    months = days.astype("M8[D]").astype("M8[M]")
    order = np.argsort(outcome.trades.exit_at, kind="stable")
    exit_at, profits = outcome.trades.exit_at[order], outcome.trades.pnl[order]
    found, before = [], outcome.capital
    for month in np.unique(months):
        after = float(equity[np.searchsorted(months, month, side="right") - 1])
        ends = np.array([month, month + 1]).astype("M8[ms]").astype(np.int64)
        first, last = np.searchsorted(exit_at, ends)
        pnl = profits[first:last]
        found.append(
            OfMonth(
                month=str(month),
                return_pct=100.0 * (after / before - 1.0) if before > 0 else 0.0,
                pnl=float(pnl.sum()),
                total_trades=len(pnl),
                winning_trades=int((pnl > 0).sum()),
            )
        )
        before = after
    return tuple(found)


def by_reason(outcome: Outcome) -> tuple[OfReason, ...]:
    """Return why positions were left, as far as any was."""
    codes, profits = outcome.trades.reason, outcome.trades.pnl
    counts = np.bincount(codes, minlength=len(REASONS))
    totals = np.bincount(codes, weights=profits, minlength=len(REASONS))
    return tuple(
        OfReason(reason=reason, total_trades=int(count), total_pnl=float(total))
        for reason, count, total in zip(REASONS, counts, totals, strict=True)
        if count
    )
