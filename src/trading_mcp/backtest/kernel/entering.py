"""Entering: whether the limits allow it, how much of it, and at what price."""

import math

from trading_mcp.backtest.kernel.layout import STOP_LOSS, Here
from trading_mcp.backtest.kernel.watching import forgive
from trading_mcp.rules.costs import needed_funds, paid_price
from trading_mcp.rules.exits import level
from trading_mcp.rules.grid import against, bought, down_to, nearest, up_to
from trading_mcp.rules.margins import liquidation_price
from trading_mcp.rules.sizing import (
    is_worth_trading,
    kelly_stake,
    notional_at_risk,
    risk_percent,
    stop_percent,
)


def enter(here: Here, side: int, open_: float, close: float, atr: float) -> None:
    """Enter at the *open_*, if it is worth it; *close* and *atr* are of the candle before."""
    terms = here.terms
    price = paid_price(side, open_, terms.spread, terms.slippage)
    price = against(side, price, terms.tick_units, terms.tick_scale)
    # Sized as live: on what a buyer pays, also to sell.
    ask = paid_price(1, open_, terms.spread, terms.slippage)
    ask = against(1, ask, terms.tick_units, terms.tick_scale)
    stop_pct = stop_distance(here, close, atr)
    amount = affordable(here, wanted_notional(here, stop_pct), ask)
    if is_worth_trading(amount, ask, terms.min_amount, terms.min_notional, terms.room):
        open_position(here, side, amount, price)
        set_exits(here, stop_pct)
    else:
        here.account.blocked_small += 1


def is_allowed(here: Here, side: int, strength: float, now: int) -> bool:
    """Say whether anything may be entered now; count what stands against it."""
    account, limits = here.account, here.limits
    forgive(account, now)
    if side < 0 and here.terms.can_short == 0:
        account.blocked_short += 1
    elif strength < limits.threshold:
        account.blocked_weak += 1
    elif account.open >= limits.max_open:
        account.blocked_full += 1
    elif account.killed_at != 0 or account.paused != 0 or now < account.day_paused_until:
        account.blocked_paused += 1
    else:
        return True
    return False


def asked_stop(here: Here) -> float:
    """Return the stop's distance that the plan asks for, in percent; 0: none."""
    asked = here.plan.stop_loss_pct
    return float(asked if asked > 0.0 else here.sizing.stop_pct)


def stop_distance(here: Here, close: float, atr: float) -> float:
    """Return the stop's distance in percent: not nearer than what the market usually moves."""
    asked = asked_stop(here)
    if asked <= 0.0 or here.sizing.multiplier <= 0.0:
        return asked
    return stop_percent(asked, atr, close, here.sizing.multiplier)


def wanted_notional(here: Here, stop_pct: float) -> float:
    """Return the notional that an entry should have, before the limits."""
    sizing, account = here.sizing, here.account
    equity = account.wallet + account.gain
    if sizing.by_risk == 0:
        return float(equity * sizing.percent / 100.0 * here.terms.leverage)
    stake = kelly_stake(account.wins, account.losses, account.won, account.lost)
    percent = risk_percent(
        sizing.risk_pct,
        sizing.size_factor,
        sizing.kelly_fraction,
        account.wins + account.losses,
        stake,
    )
    return notional_at_risk(equity, percent, stop_pct)


def affordable(here: Here, wanted: float, price: float) -> float:
    """Return how much of the *wanted* notional the limits and the balance leave room for."""
    account, terms = here.account, here.terms
    each = needed_funds(1.0, terms.leverage, terms.taker_fee)
    room = min(here.limits.max_position, here.limits.max_exposure - account.exposure)
    room = min(room, (account.wallet - account.tied) / each)
    worth = max(min(wanted, room), 0.0)
    return bought(
        worth, price, terms.step_units, terms.step_scale, terms.tick_units, terms.tick_scale
    )


def open_position(here: Here, side: int, amount: float, price: float) -> None:
    """Hold *amount* from *price* on, and pay the fee."""
    account, seat, terms = here.account, here.seat, here.terms
    seat.side = side
    seat.size = amount
    seat.entry_price = price
    seat.cost = amount * price
    seat.margin = seat.cost / terms.leverage
    seat.fees = seat.cost * terms.taker_fee
    seat.funding = 0.0
    seat.entry_row = seat.last_row
    seat.candles = 0
    seat.mark = price
    account.wallet -= seat.fees
    account.fees += seat.fees
    account.tied += seat.margin
    account.exposure += seat.cost
    account.traded += seat.cost
    account.open += 1


def set_exits(here: Here, stop_pct: float) -> None:
    """Put stop and target on the nearest ticks, and find where the margin would be gone."""
    seat, asked = here.seat, asked_stop(here)
    target_pct = here.plan.take_profit_pct
    if asked > 0.0 and stop_pct != asked:
        target_pct = target_pct * stop_pct / asked  # a stop moved out takes the target with it
    seat.stop_kind = STOP_LOSS
    seat.stop = exit_level(here, -stop_pct)
    seat.target = exit_level(here, target_pct)
    seat.liquidation = liquidation_level(here)
    set_quiet_range(here)


def set_quiet_range(here: Here) -> None:
    """Note between which prices no exit is reached; a stop that follows leaves no such prices."""
    seat, plan = here.seat, here.plan
    losing = max(seat.stop, seat.liquidation)
    if seat.side < 0 and min(seat.stop, seat.liquidation) > 0.0:
        losing = min(seat.stop, seat.liquidation)
    seat.lowest, seat.highest = 0.0, math.inf
    if plan.trailing_pct > 0.0 or plan.breakeven_pct > 0.0:
        seat.lowest = math.inf
    elif seat.side > 0:
        seat.lowest = losing
        seat.highest = seat.target if seat.target > 0.0 else math.inf
    else:
        seat.lowest = seat.target
        seat.highest = losing if losing > 0.0 else math.inf


def exit_level(here: Here, percent: float) -> float:
    """Return the tick nearest to *percent* of gain from the entry price; 0 for 0."""
    if percent == 0.0:
        return 0.0
    price = level(here.seat.side, here.seat.entry_price, percent)
    return nearest(price, here.terms.tick_units, here.terms.tick_scale)


def liquidation_level(here: Here) -> float:
    """Return the tick at which the margin is as good as gone; 0 where nothing is liquidated."""
    seat, terms = here.seat, here.terms
    if terms.liquidates == 0:
        return 0.0
    price = liquidation_price(seat.side, seat.size, seat.cost, seat.margin, terms.maintenance)
    if seat.side > 0:
        return up_to(price, terms.tick_units, terms.tick_scale)
    return down_to(price, terms.tick_units, terms.tick_scale)
