"""The figures of a run: `docs/backtesting.md` has the formula of each."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np

from trading_mcp.backtest.curves import daily_returns, held_return, span_days
from trading_mcp.backtest.simulation import Outcome
from trading_mcp.domain.candles import Column
from trading_mcp.domain.times import DAY_MS
from trading_mcp.portfolio.ratios import annual_return, calmar_ratio, moments, yearly_ratio

NEEDED = (
    *("closed", "wins", "losses", "longs", "candles", "won", "lost", "profit", "best", "worst"),
    *("percents", "before_fees", "fees", "funding", "traded", "deepest", "longest_ms"),
    *("moments_held", "wallet"),
)
"""What figures are made of, of an account's record."""


LEAST_DAYS = 30
"""For a return a year: of less, one good week is told as a fortune."""
LEAST_TRADES = 5
"""For ratios over less than `LEAST_DAYS`: one or two lucky trades would beat every other run."""


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


class Ground(NamedTuple):
    """What all runs over the same candles with the same capital have in common.

    *days* is how long they take, *moments* how many closes they have, and *held_return* what buying
    and holding would have gained, a fraction.
    """

    capital: float
    days: float
    moments: int
    held_return: float


def metrics_of(outcome: Outcome, risk_free_rate: float = 0.0) -> Metrics:
    """Return the figures of a run; *risk_free_rate* is a year's, as a fraction."""
    daily = moments(daily_returns(outcome), risk_free_rate / 365)
    return figures_of(ground_of(outcome), outcome.account, float(outcome.equity[-1]), daily)


def ground_of(outcome: Outcome) -> Ground:
    """Return what *outcome* has in common with all runs over its candles."""
    held = held_return(outcome)
    return Ground(outcome.capital, span_days(outcome), len(outcome.time), held)


def figures_of(
    ground: Ground,
    account: Mapping[str, float],
    final: float,
    daily: tuple[float, float, float],
) -> Metrics:
    """Return the figures of a run that has ended with *account* and an equity of *final*.

    *daily* are the `moments` of its daily returns.
    """
    capital, count, mean = ground.capital, int(account["closed"]), daily[0]
    longs, deepest = int(account["longs"]), account["deepest"]
    growth = final / capital
    yearly = annual_return(growth, ground.days) if ground.days >= LEAST_DAYS else None
    is_enough = ground.days >= LEAST_DAYS or count >= LEAST_TRADES
    fall = -100.0 * deepest if deepest else 0.0
    before_fees = account["before_fees"]
    return Metrics(
        **sums_told(account),
        long_trades=longs,
        short_trades=count - longs,
        avg_trade_pct=account["percents"] / count if count else 0.0,
        avg_candles_held=account["candles"] / count if count else 0.0,
        initial_capital=capital,
        final_equity=final,
        total_return_pct=100.0 * (growth - 1.0),
        annual_return_pct=None if yearly is None else 100.0 * yearly,
        buy_and_hold_return_pct=100.0 * ground.held_return,
        sharpe_ratio=yearly_ratio(mean, daily[1]) if is_enough else None,
        sortino_ratio=yearly_ratio(mean, daily[2]) if is_enough else None,
        calmar_ratio=calmar_ratio(yearly, deepest),
        max_drawdown=fall,
        max_drawdown_pct=fall,
        max_drawdown_days=account["longest_ms"] / DAY_MS,
        exposure_time_pct=100.0 * account["moments_held"] / ground.moments,
        turnover=account["traded"] / capital,
        fees=account["fees"],
        fees_share_pct=100.0 * account["fees"] / before_fees if before_fees > 0 else None,
        funding=account["funding"],
    )


def sums_told(account: Mapping[str, float]) -> dict[str, Any]:
    """Return the fields of `Sums` for all trades that *account* has added up."""
    count, wins, losses = (int(account[name]) for name in ("closed", "wins", "losses"))
    won, lost, total = account["won"], account["lost"], account["profit"]
    return {
        "total_trades": count,
        "winning_trades": wins,
        "losing_trades": losses,
        "win_rate": 100.0 * wins / count if count else 0.0,
        "total_pnl": total,
        "avg_win": won / wins if wins else 0.0,
        "avg_loss": -lost / losses if losses else 0.0,
        "profit_factor": won / lost if lost > 0 else None,
        "expectancy": total / count if count else 0.0,
        "best_trade": account["best"],
        "worst_trade": account["worst"],
    }


def sums_of(pnl: Column) -> Sums:
    """Return what trades with these profits came to."""
    won, lost, count = pnl[pnl > 0], pnl[pnl < 0], len(pnl)
    gained, given, total = _total(won), -_total(lost), _total(pnl)
    return Sums(
        total_trades=count,
        winning_trades=len(won),
        losing_trades=len(lost),
        win_rate=100.0 * len(won) / count if count else 0.0,
        total_pnl=total,
        avg_win=gained / len(won) if len(won) else 0.0,
        avg_loss=-given / len(lost) if len(lost) else 0.0,
        profit_factor=gained / given if given > 0 else None,
        expectancy=total / count if count else 0.0,
        best_trade=float(pnl.max()) if count else 0.0,
        worst_trade=float(pnl.min()) if count else 0.0,
    )


def _total(values: Column) -> float:
    """The sum, taken in order, as the loop adds up."""
    return float(np.add.accumulate(values)[-1]) if len(values) else 0.0
