"""One run of the loop: its records filled from the terms, and what it has written read back."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from trading_mcp.backtest.compiling import Loop
from trading_mcp.backtest.histories import History
from trading_mcp.backtest.kernel import layout
from trading_mcp.backtest.kernel.layout import ENTER_LONG, ENTER_SHORT, Bars, Memory, Whole, Wishes
from trading_mcp.backtest.merging import (
    bars_of,
    finer_of,
    funding_of,
    places_of,
    wishes_of,
)
from trading_mcp.backtest.terms import Exits, Limits, Terms
from trading_mcp.domain.candles import Column
from trading_mcp.domain.limits import MODES
from trading_mcp.domain.numbers import floats_of
from trading_mcp.domain.times import MINUTE_MS
from trading_mcp.risk.sizing import ROOM_FOR_EXIT
from trading_mcp.rules.periods import day_number, month_number, week_number

_NEVER = 2**62


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run.

    *trades* are records as `kernel.layout.TRADE` has them, in the order in which they ended; *time*
    (UTC ms, candle open) and *equity* (quote, at the candles' closes) have a value for each moment.
    *account* is the account's record by field.
    """

    markets: tuple[str, ...]
    interval: int
    capital: float
    bars: Bars
    time: Whole
    equity: Column
    trades: Any
    account: dict[str, float]


def simulate(histories: Sequence[History], terms: Terms, loop: Loop) -> Outcome:
    """Run *terms* over *histories*, which share one account. The same always gives the same.

    Raises:
        ValueError: nothing to run over, or not all of one interval.
    """
    check(histories)
    places = places_of(histories)
    bars, wishes = bars_of(histories, places), wishes_of(histories, places)
    memory = memory_of(histories, terms, bars, wishes, np.empty(len(bars.time)))
    finer, funding = finer_of(histories, places), funding_of(histories, places)
    moments = loop(bars, wishes, finer, funding, memory)
    return read_back(histories, terms, bars, memory, moments)


def check(histories: Sequence[History]) -> None:
    """Raise ValueError if there is nothing to run over, or not all of one interval."""
    if not histories or not all(len(history.candles) for history in histories):
        raise ValueError("there are no candles to run over")
    if len({history.interval for history in histories}) > 1:
        raise ValueError("the candles of all markets must have one interval")


def memory_of(
    histories: Sequence[History], terms: Terms, bars: Bars, wishes: Wishes, equity: Column
) -> Memory:
    """Return the records of a run that is to begin; *equity* has room for every moment."""
    return Memory(
        plan=plan_of(terms.exits),
        sizing=_sizing(terms),
        limits=_limits(terms.limits),
        terms=_terms(histories, terms),
        held=_records(layout.HELD, len(histories), last_row=-1, wish=-1),
        account=_account(terms.capital, int(bars.time[0])),
        trades=np.empty(entries_of(wishes) + 1, layout.TRADE).view(np.recarray),
        equity=equity,
    )


def entries_of(wishes: Wishes) -> int:
    """Return how many entries may be wished for."""
    return int(np.count_nonzero(wishes.flags & (ENTER_LONG | ENTER_SHORT)))


def plan_of(exits: Exits) -> Any:
    """Return *exits* as a record."""
    return _records(
        layout.PLAN,
        stop_loss_pct=exits.stop_loss_pct,
        take_profit_pct=exits.take_profit_pct,
        trailing_pct=exits.trailing_stop_pct,
        breakeven_pct=exits.breakeven_pct,
        max_candles=exits.max_candles,
    )


def _sizing(terms: Terms) -> Any:
    by_risk, percent = terms.size_percent is None, terms.size_percent or 0.0
    if terms.limits is None:
        return _records(layout.SIZING, by_risk=by_risk, percent=percent)
    parameters = terms.limits.parameters
    return _records(
        layout.SIZING,
        by_risk=by_risk,
        percent=percent,
        risk_pct=parameters.risk_per_trade_percent,
        size_factor=MODES[terms.limits.mode].size,
        kelly_fraction=parameters.kelly_fraction,
        multiplier=parameters.volatility_multiplier,
        stop_pct=parameters.stop_loss_percent,
    )


def _limits(limits: Limits | None) -> Any:
    if limits is None:
        return _records(
            layout.LIMITS,
            max_position=math.inf,
            max_exposure=math.inf,
            max_open=_NEVER,
            max_losses=_NEVER,
        )
    parameters, factors = limits.parameters, MODES[limits.mode]
    return _records(
        layout.LIMITS,
        max_position=parameters.max_position_size_usd * factors.limit,
        max_exposure=parameters.max_total_exposure_usd * factors.limit * limits.weight,
        max_open=parameters.max_open_positions,
        threshold=min(1.0, max(0.0, parameters.confidence_threshold + factors.confidence)),
        max_losses=parameters.max_consecutive_losses,
        cooldown_ms=int(parameters.loss_cooldown_minutes * MINUTE_MS),
        watched=1,
        daily_loss=parameters.max_daily_loss_usd,
        day_fall_pct=parameters.max_daily_drawdown_percent,
        week_fall_pct=parameters.max_weekly_drawdown_percent,
        month_fall_pct=parameters.max_monthly_drawdown_percent,
    )


def _terms(histories: Sequence[History], terms: Terms) -> Any:
    rows = [_terms_of(m, history, terms) for m, history in enumerate(histories)]
    names = layout.TERMS.names or ()
    records = np.array([tuple(row[name] for name in names) for row in rows], layout.TERMS)
    return records.view(np.recarray)


def _terms_of(market: int, history: History, terms: Terms) -> dict[str, float]:
    ground, costs = history.ground, terms.costs
    tick_units, tick_scale = floats_of(ground.tick if terms.rounded else None)
    step_units, step_scale = floats_of(ground.step if terms.rounded else None)
    leverage = _leverage(terms, ground.max_leverage)
    return {
        "market": market,
        "span": history.interval,
        "tick_units": tick_units,
        "tick_scale": tick_scale,
        "step_units": step_units,
        "step_scale": step_scale,
        "min_amount": ground.min_amount,
        "min_notional": ground.min_notional,
        "room": float(ROOM_FOR_EXIT),
        "maker_fee": ground.maker_fee if costs.maker_fee is None else costs.maker_fee,
        "taker_fee": ground.taker_fee if costs.taker_fee is None else costs.taker_fee,
        "spread": costs.spread,
        "slippage": costs.slippage,
        "leverage": leverage,
        "maintenance": ground.maintenance,
        "can_short": ground.can_short,
        "liquidates": ground.is_margined or leverage > 1,
        "target_rests": costs.target_rests,
    }


def _leverage(terms: Terms, of_market: int) -> int:
    allowed = terms.limits.parameters.max_leverage if terms.limits else of_market
    return min(terms.leverage, of_market, allowed)


def _account(capital: float, began: int) -> Any:
    return _records(
        layout.ACCOUNT,
        wallet=capital,
        peak=capital,
        floor=capital,
        peak_at=began,
        day=day_number(began),
        week=week_number(began),
        month=month_number(began),
        day_equity=capital,
        week_equity=capital,
        month_equity=capital,
    )


def _records(dtype: "np.dtype[Any]", count: int = 1, **fields: float) -> Any:
    records = np.zeros(count, dtype)
    for name, value in fields.items():
        records[name] = value
    return records.view(np.recarray)


def read_back(
    histories: Sequence[History], terms: Terms, bars: Bars, memory: Memory, moments: int
) -> Outcome:
    """Return what a run has written."""
    names, alone = layout.ACCOUNT.names or (), len(histories) == 1
    account = dict(zip(names, memory.account[0].tolist(), strict=True))
    return Outcome(
        markets=tuple(history.market for history in histories),
        interval=histories[0].interval,
        capital=terms.capital,
        bars=bars,
        time=bars.time if alone else np.unique(bars.time),
        equity=memory.equity[:moments],
        trades=memory.trades[: int(account["closed"])],
        account=account,
    )
