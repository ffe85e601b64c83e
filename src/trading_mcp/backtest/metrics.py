"""The figures of a run: `docs/backtesting.md` has the formula of each."""

import msgspec
import numpy as np

from trading_mcp.backtest.curves import daily_returns, held_return, span_days
from trading_mcp.backtest.simulation import Outcome
from trading_mcp.domain.candles import Column
from trading_mcp.domain.times import DAY_MS
from trading_mcp.portfolio.ratios import (
    annual_return,
    calmar_ratio,
    sharpe_ratio,
    sortino_ratio,
)


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """What trades came to. A trade is a position that was opened and left.

    Money in quote, after all costs; percent is percent; None: no value. A trade that came to
    nothing is neither won nor lost.
    """

    total_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: float
    total_pnl: float
    avg_win: float
    avg_loss: float
    profit_factor: float | None
    expectancy: float
    best_trade: float
    worst_trade: float


class Metrics(Sums, frozen=True, kw_only=True):
    """What a whole run came to.

    *max_drawdown* and *max_drawdown_pct* are the same: the deepest fall of the equity from its peak
    at candles' closes, in percent, negative.
    """

    long_trades: int
    short_trades: int
    avg_trade_pct: float
    avg_candles_held: float
    initial_capital: float
    final_equity: float
    total_return_pct: float
    annual_return_pct: float | None
    buy_and_hold_return_pct: float
    sharpe_ratio: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None
    max_drawdown: float
    max_drawdown_pct: float
    max_drawdown_days: float
    exposure_time_pct: float
    turnover: float
    fees: float
    fees_share_pct: float | None
    funding: float


def sums_of(pnl: Column) -> Sums:
    """Return what trades with these profits came to."""
    won, lost = pnl[pnl > 0], pnl[pnl < 0]
    gained, given, count = float(won.sum()), -float(lost.sum()), len(pnl)
    return Sums(
        total_trades=count,
        winning_trades=len(won),
        losing_trades=len(lost),
        win_rate=100.0 * len(won) / count if count else 0.0,
        total_pnl=float(pnl.sum()),
        avg_win=gained / len(won) if len(won) else 0.0,
        avg_loss=-given / len(lost) if len(lost) else 0.0,
        profit_factor=gained / given if given > 0 else None,
        expectancy=float(pnl.sum()) / count if count else 0.0,
        best_trade=float(pnl.max()) if count else 0.0,
        worst_trade=float(pnl.min()) if count else 0.0,
    )


def metrics_of(outcome: Outcome, risk_free_rate: float = 0.0) -> Metrics:
    """Return the figures of a run; *risk_free_rate* is a year's, as a fraction."""
    trades, account, capital = outcome.trades, outcome.account, outcome.capital
    pnl = np.ascontiguousarray(trades.pnl)
    growth = float(outcome.equity[-1]) / capital
    returns, yearly = daily_returns(outcome), annual_return(growth, span_days(outcome))
    fall = -100.0 * account["deepest"] if account["deepest"] else 0.0
    return Metrics(
        **msgspec.structs.asdict(sums_of(pnl)),
        long_trades=int((trades.side > 0).sum()),
        short_trades=int((trades.side < 0).sum()),
        avg_trade_pct=_mean(100.0 * pnl / (trades.amount * trades.entry_price)),
        avg_candles_held=_mean(trades.candles),
        initial_capital=capital,
        final_equity=float(outcome.equity[-1]),
        total_return_pct=100.0 * (growth - 1.0),
        annual_return_pct=None if yearly is None else 100.0 * yearly,
        buy_and_hold_return_pct=100.0 * held_return(outcome),
        sharpe_ratio=sharpe_ratio(returns, risk_free_rate / 365),
        sortino_ratio=sortino_ratio(returns, risk_free_rate / 365),
        calmar_ratio=calmar_ratio(yearly, account["deepest"]),
        max_drawdown=fall,
        max_drawdown_pct=fall,
        max_drawdown_days=account["longest_ms"] / DAY_MS,
        exposure_time_pct=100.0 * account["moments_held"] / len(outcome.time),
        turnover=account["traded"] / capital,
        fees=account["fees"],
        fees_share_pct=_fees_share(outcome),
        funding=account["funding"],
    )


def _fees_share(outcome: Outcome) -> float | None:
    """What fees took of what the winners made before them, in percent."""
    before = outcome.trades.pnl + outcome.trades.fees
    made = float(before[before > 0].sum())
    return 100.0 * outcome.account["fees"] / made if made > 0 else None


def _mean(values: Column) -> float:
    return float(values.mean()) if len(values) else 0.0
