"""What a fill does to its order, its position and the balances: sums, so any order will do."""

from decimal import Decimal

import msgspec

from trading_mcp.domain.accounts import Flow, asset_key
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, ZERO, exact, nearest
from trading_mcp.domain.orders import EXTERNAL, ExitPlan, Fill, Order, OrderStatus
from trading_mcp.domain.positions import Position, PositionSide, opening_side
from trading_mcp.rules import exits


def is_booked(order: Order, fill: Fill) -> bool:
    """Say whether *order* has this trade already."""
    return fill.trade_id in order.trade_ids


def order_after(order: Order, fill: Fill, fee: Decimal) -> Order:
    """Return *order* with *fill* added, whose fee was worth *fee* in quote.

    Filling never ends a cancel's effect but by completion. How much of an order that is not ours
    has traded is what the exchange reports: that may hold this trade already.
    """
    filled = order.filled if order.owner == EXTERNAL else order.filled + fill.amount
    return msgspec.structs.replace(
        order,
        filled=filled,
        filled_value=order.filled_value + fill.value,
        fees=order.fees + fee,
        trade_ids=(*order.trade_ids, fill.trade_id),
        status=_status_after(order, filled),
        updated_at=max(order.updated_at, fill.at),
    )


def _status_after(order: Order, filled: Decimal) -> OrderStatus:
    if filled >= order.amount:
        return "filled"
    # A part-fill says that the venue has the order; it does not bring a cancelled one back.
    return "partial" if order.working else order.status


def position_after(
    position: Position, order: Order, fill: Fill, fee: Decimal, in_base: Decimal = ZERO
) -> Position:
    """Return *position* with *fill* of *order* added: enlarged or reduced, closed or reopened.

    *fee* is the fee's worth in quote; *in_base* is how much of it was taken in base: a buy then
    brings so much less. A sale takes so much more, as far as the position has it; else it was
    paid with coins that belong to no position.
    """
    fees = position.fees + fee
    if order.side == opening_side(position.side):
        amount = fill.amount - in_base
        changed = msgspec.structs.replace(
            position,
            entered=position.entered + amount,
            entered_value=position.entered_value + EXACT.multiply(amount, fill.price),
            fees=fees,
            opened_at=min(position.opened_at, fill.at) if position.entered else fill.at,
        )
        changed = with_planned_exits(changed)
    else:
        amount = fill.amount + min(in_base, max(position.size - fill.amount, ZERO))
        changed = msgspec.structs.replace(
            position,
            exited=position.exited + amount,
            exited_value=position.exited_value + EXACT.multiply(amount, fill.price),
            fees=fees,
            close_reason=order.reason,
        )
    last = max(position.last_fill_at, fill.at)
    closed = changed.entered > 0 and not changed.is_open
    return msgspec.structs.replace(changed, last_fill_at=last, closed_at=last if closed else None)


def with_planned_exits(position: Position) -> Position:
    """Return *position* with stop and target at its plan's distances from the entry price."""
    plan = position.plan
    if plan is None or position.stops_by_hand or position.stop_kind != "stop_loss":
        return position
    return msgspec.structs.replace(
        position,
        stop_loss=_planned(position, -plan.stop_loss_pct),
        take_profit=_planned(position, plan.take_profit_pct),
    )


def _planned(position: Position, percent: float) -> Decimal | None:
    if percent == 0:
        return None
    price = exits.level(position.sign, float(position.entry_price), percent)
    return on_tick(price, position.tick)


def on_tick(price: float, tick: Decimal) -> Decimal:
    """Put a watched level on the market's tick: the nearest."""
    return nearest(exact(price), tick)


def opened_by(order: Order, market: Market) -> Position:
    """Return the position that *order* opens, with nothing in it yet."""
    side: PositionSide = "long" if order.side == "buy" else "short"
    plan = order.plan or ExitPlan(stop_loss_pct=0.0)
    return Position(
        id=order.position_id or "",
        market=order.market,
        exchange=order.exchange,
        symbol=order.symbol,
        side=side,
        owner=order.owner,
        leverage=order.leverage,
        opened_at=order.created_at,
        tick=market.tick,
        plan=plan,
        trailing_pct=plan.trailing_pct,
        breakeven_pct=plan.breakeven_pct,
    )


def flows_of(fill: Fill, market: Market) -> tuple[Flow, ...]:
    """Return how *fill* changes the balances.

    Spot and perpetual alike: the quote pays for what is bought. A perpetual is held under its
    symbol, and its wallet is the quote plus the signed entry value of what is open.
    """
    signed = fill.amount if fill.side == "buy" else -fill.amount
    value = fill.value if fill.side == "buy" else -fill.value
    return (
        Flow(held_asset(market), signed),
        Flow(asset_key(market.exchange, market.quote), -value),
        Flow(asset_key(market.exchange, fill.fee_currency), -fill.fee),
    )


def wallet_of(booked: Decimal, entered: Decimal) -> Decimal:
    """Return the quote balance that an exchange shows, from ours.

    *entered* is the signed entry value of the open perpetuals: in our books they are paid for
    like coins, in the exchange's wallet they are not.
    """
    return EXACT.add(booked, entered)


def booked_of(wallet: Decimal, entered: Decimal) -> Decimal:
    """Return our quote balance from the one that an exchange shows: `wallet_of`, turned round."""
    return EXACT.subtract(wallet, entered)


def held_asset(market: Market) -> str:
    """Return the asset that a buy on *market* adds to."""
    name = market.base if market.type == "spot" else market.symbol
    return asset_key(market.exchange, name)
