"""The figures of a run: `docs/backtesting.md` has the formula of each."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from trading_mcp.backtest.curves import daily_returns, held_return, span_days
from trading_mcp.backtest.simulation import Outcome
from trading_mcp.domain.candles import Column
from trading_mcp.domain.signals import Flags
from trading_mcp.domain.times import DAY_MS
from trading_mcp.portfolio.ratios import annual_return, calmar_ratio, moments, yearly_ratio

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


Columns = Mapping[str, NDArray[Any]]
"""The columns of records, by their fields."""
Told = list[Any]
"""A figure of each run, as a number of Python's; None: it has no value."""


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
    daily = np.array([moments(daily_returns(outcome), risk_free_rate / 365)])
    account = {name: np.array([value]) for name, value in outcome.account.items()}
    return figures_of(ground_of(outcome), account, outcome.equity[-1:], daily)[0]


def ground_of(outcome: Outcome) -> Ground:
    """Return what *outcome* has in common with all runs over its candles."""
    held = held_return(outcome)
    return Ground(outcome.capital, span_days(outcome), len(outcome.time), held)


def figures_of(ground: Ground, account: Columns, final: Column, daily: Column) -> list[Metrics]:
    """Return the figures of runs that have ended: of each its account, equity and daily moments.

    *account* has the fields of its record as columns, with a row for each run; *final* is the
    equity, and a row of *daily* the `ratios.moments` of the daily returns.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = {**_sums(account), **_figures(ground, account, final, daily)}
    rows = zip(*columns.values(), strict=True)
    return [Metrics(**dict(zip(columns, row, strict=True))) for row in rows]


def _figures(ground: Ground, of: Columns, final: Column, daily: Column) -> dict[str, Told]:
    capital, count, growth = ground.capital, of["closed"], final / ground.capital
    yearly: list[float | None] = [None] * len(growth)
    if ground.days >= LEAST_DAYS:
        yearly = [annual_return(one, ground.days) for one in growth.tolist()]
    is_enough = (count >= LEAST_TRADES) | (ground.days >= LEAST_DAYS)
    mean, fall = daily[:, 0], np.where(of["deepest"] == 0.0, 0.0, -100.0 * of["deepest"]).tolist()
    return {
        "long_trades": of["longs"].astype(int).tolist(),
        "short_trades": (count - of["longs"]).astype(int).tolist(),
        "avg_trade_pct": _known(of["percents"] / count, count > 0, 0.0),
        "avg_candles_held": _known(of["candles"] / count, count > 0, 0.0),
        "initial_capital": [capital] * len(growth),
        "final_equity": final.tolist(),
        "total_return_pct": (100.0 * (growth - 1.0)).tolist(),
        "annual_return_pct": [None if one is None else 100.0 * one for one in yearly],
        "buy_and_hold_return_pct": [100.0 * ground.held_return] * len(growth),
        "sharpe_ratio": _yearly(mean, daily[:, 1], is_enough),
        "sortino_ratio": _yearly(mean, daily[:, 2], is_enough),
        "calmar_ratio": list(map(calmar_ratio, yearly, of["deepest"].tolist())),
        "max_drawdown": fall,
        "max_drawdown_pct": fall,
        "max_drawdown_days": (of["longest_ms"] / DAY_MS).tolist(),
        "exposure_time_pct": (100.0 * of["moments_held"] / ground.moments).tolist(),
        "turnover": (of["traded"] / capital).tolist(),
        "fees": of["fees"].tolist(),
        "fees_share_pct": _known(100.0 * of["fees"] / of["before_fees"], of["before_fees"] > 0),
        "funding": of["funding"].tolist(),
    }


def sums_told(account: Mapping[str, float]) -> dict[str, Any]:
    """Return the fields of `Sums` for all trades that *account* has added up."""
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = _sums({name: np.array([value]) for name, value in account.items()})
    return {name: column[0] for name, column in sums.items()}


def _sums(of: Columns) -> dict[str, Told]:
    count, wins, losses = of["closed"], of["wins"], of["losses"]
    won, lost, total = of["won"], of["lost"], of["profit"]
    return {
        "total_trades": count.astype(int).tolist(),
        "winning_trades": wins.astype(int).tolist(),
        "losing_trades": losses.astype(int).tolist(),
        "win_rate": _known(100.0 * wins / count, count > 0, 0.0),
        "total_pnl": total.tolist(),
        "avg_win": _known(won / wins, wins > 0, 0.0),
        "avg_loss": _known(-lost / losses, losses > 0, 0.0),
        "profit_factor": _known(won / lost, lost > 0),
        "expectancy": _known(total / count, count > 0, 0.0),
        "best_trade": of["best"].tolist(),
        "worst_trade": of["worst"].tolist(),
    }


def _known(values: Column, known: Flags, otherwise: float | None = None) -> Told:
    """Return *values*, and *otherwise* in the place of those that are not *known*."""
    told: Told = values.tolist()
    if not known.all():
        for place in np.flatnonzero(~known).tolist():
            told[place] = otherwise
    return told


def _yearly(mean: Column, square: Column, is_enough: Flags) -> Told:
    pairs = zip(mean.tolist(), square.tolist(), is_enough.tolist(), strict=True)
    return [yearly_ratio(one, of) if enough else None for one, of, enough in pairs]


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
