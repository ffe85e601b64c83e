"""Leaving positions: at a stop, a target, a wish, the end of their time or of their margin."""

from trading_mcp.backtest.kernel.layout import (
    EXIT_LONG,
    EXIT_SHORT,
    EXIT_SIGNAL,
    LIQUIDATION,
    TAKE_PROFIT,
    TIME_LIMIT,
    Here,
    Record,
)
from trading_mcp.backtest.kernel.watching import note_result
from trading_mcp.rules.costs import paid_price
from trading_mcp.rules.exits import (
    NONE,
    STOP,
    best_price,
    exit_hit,
    followed_stop,
    time_is_up,
)
from trading_mcp.rules.grid import against
from trading_mcp.rules.margins import bankruptcy_price, is_reached_first


def leave_as_wished(here: Here, wishes: int, price: float, at: int) -> None:
    """Leave at the open what was wished to be left, or has been held long enough."""
    if wishes & (EXIT_LONG if here.seat.side > 0 else EXIT_SHORT):
        leave_at_market(here, price, EXIT_SIGNAL, at, at)
    elif time_is_up(here.seat.candles, here.plan.max_candles):
        leave_at_market(here, price, TIME_LIMIT, at, at)


def follow_move(
    here: Here, at: int, now: int, open_: float, high: float, low: float, close: float
) -> None:
    """Let a candle that ends *now* act on what is held; then its stop may follow."""
    seat = here.seat
    if is_liquidated(seat, open_, high, low):
        be_liquidated(here, open_, at, now)
        return
    kind, price = exit_hit(seat.side, open_, high, low, seat.stop, seat.target)
    if kind == NONE:
        if here.plan.trailing_pct > 0.0 or here.plan.breakeven_pct > 0.0:
            let_stop_follow(here, best_price(seat.side, high, low), close)
    elif kind == STOP:
        leave_at_market(here, price, seat.stop_kind, at, now)
    elif here.terms.target_rests != 0:
        leave(here, price, here.terms.maker_fee, TAKE_PROFIT, at, now)
    else:
        leave_at_market(here, price, TAKE_PROFIT, at, now)


def let_stop_follow(here: Here, best: float, close: float) -> None:
    """Move the stop after the best price, as the plan says."""
    kind, stop = followed_stop(
        here.seat.side,
        here.seat.stop,
        here.seat.entry_price,
        best,
        close,
        here.plan.breakeven_pct,
        here.plan.trailing_pct,
        here.terms.taker_fee,
        here.terms.tick_units,
        here.terms.tick_scale,
    )
    if kind != NONE:
        here.seat.stop = stop
        here.seat.stop_kind = kind


def is_liquidated(seat: Record, open_: float, high: float, low: float) -> bool:
    """Say whether the margin is gone before the stop could help."""
    if seat.liquidation <= 0.0:
        return False
    worst = low if seat.side > 0 else high
    if (worst - seat.liquidation) * seat.side > 0.0:
        return False
    return is_reached_first(seat.side, open_, seat.liquidation, seat.stop)


def be_liquidated(here: Here, open_: float, at: int, now: int) -> None:
    """Lose the margin: what the price leaves of it is the fee, and beyond it nothing is lost."""
    seat = here.seat
    worst = bankruptcy_price(seat.side, seat.size, seat.cost, seat.margin)
    if seat.side > 0:
        price = max(min(open_, seat.liquidation), worst)
    else:
        price = min(max(open_, seat.liquidation), worst)
    fee = seat.margin + seat.side * (seat.size * price - seat.cost)
    close_position(here, price, max(fee, 0.0), LIQUIDATION, at, now)


def leave_at_market(here: Here, price: float, reason: int, at: int, now: int) -> None:
    """Leave by a market order where candles say *price*."""
    side, terms = -here.seat.side, here.terms
    paid = paid_price(side, price, terms.spread, terms.slippage)
    paid = against(side, paid, terms.tick_units, terms.tick_scale)
    leave(here, paid, terms.taker_fee, reason, at, now)


def leave(here: Here, price: float, fee: float, reason: int, at: int, now: int) -> None:
    """Leave at *price* for a *fee*, a fraction."""
    close_position(here, price, here.seat.size * price * fee, reason, at, now)


def close_position(here: Here, price: float, fee: float, reason: int, at: int, now: int) -> None:
    """Book the end of what is held, in the candle that opened *at*; it is known *now*."""
    account, seat = here.account, here.seat
    profit = seat.side * (seat.size * price - seat.cost)
    seat.fees += fee
    account.wallet += profit - fee
    account.fees += fee
    account.traded += seat.size * price
    release(account, seat)
    pnl = profit - seat.fees + seat.funding
    write_trade(here, price, reason, at, pnl)
    add_up(account, seat, pnl)
    seat.side = 0
    note_result(account, here.limits, pnl, now)


def release(account: Record, seat: Record) -> None:
    """Take what was held out of the account's sums; with nothing left they are 0."""
    account.open -= 1
    account.closed += 1
    if account.open == 0:
        account.tied = 0.0
        account.gain = 0.0
        account.exposure = 0.0
        return
    account.tied -= seat.margin
    account.gain -= seat.side * (seat.size * seat.mark - seat.cost)
    account.exposure -= seat.size * seat.mark


def add_up(account: Record, seat: Record, pnl: float) -> None:
    """Add the position that is being closed to the sums that figures are made of."""
    account.profit += pnl
    account.best = pnl if account.closed == 1 else max(account.best, pnl)
    account.worst = pnl if account.closed == 1 else min(account.worst, pnl)
    account.percents += 100.0 * pnl / seat.cost
    account.before_fees += max(pnl + seat.fees, 0.0)
    account.longs += seat.side > 0
    account.candles += seat.candles


def write_trade(here: Here, price: float, reason: int, at: int, pnl: float) -> None:
    """Write down the position that is being closed."""
    seat, trade = here.seat, here.trade
    trade.market = here.terms.market
    trade.side = seat.side
    trade.amount = seat.size
    trade.entry_row = seat.entry_row
    trade.entry_price = seat.entry_price
    trade.exit_row = seat.last_row
    trade.exit_at = at
    trade.exit_price = price
    trade.reason = reason
    trade.candles = seat.candles
    trade.pnl = pnl
    trade.fees = seat.fees
    trade.funding = seat.funding
