"""Protective stops that rest at the exchange: the watch that each open position has its own.

The invariant: a position with a stop has exactly one protective order of the right side, size and
level, or one is on its way. Where that fails it is tried again, and in the end the position is
closed. Between two such orders the stop is watched here, as it is on exchanges that hold none.

On a spot market an exit that rests holds the coins, and the stop rests for the remainder only. On a
perpetual both may rest for all of it, as both only reduce: what is left when one has traded, the
exchange cuts the other to, and we take it back.
"""

from decimal import Decimal

import msgspec

from trading_mcp.domain.markets import ExchangeTerms
from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.orders import Order, OrderIntent, Refused
from trading_mcp.domain.positions import Position, closing_side
from trading_mcp.engine.desk import ENGINE, Desk
from trading_mcp.engine.guards import GIVE_UP_AFTER

MOVES_APART_MS = 2_000
"""A stop that follows the price is replaced no more often: each replacing leaves a gap."""
BESIDE_TRIES = 3
"""So many whole stops in a row that failed, and beside an exit only the remainder is tried."""


class Wanted(msgspec.Struct, frozen=True):
    """The protective order that a position should have: its trigger (quote) and amount (base)."""

    level: Decimal
    amount: Decimal


def protect(desk: Desk) -> None:
    """See to it that each position has the protective order it should have, and no other one."""
    _call_off_surplus(desk)
    for position_id in desk.guards.guarded():
        if position_id not in desk.state.positions:
            _call_off(desk, desk.guards.stops_of(position_id))
    for position in tuple(desk.state.positions.values()):
        if _terms(desk, position).holds_stops and not position.leaving:
            _protect(desk, position)
            _tell_displaced(desk, position)


def acts_there(desk: Desk, position: Position) -> bool:
    """Say whether the exchange acts on the position's stop, so that we need not.

    It has some seconds for it; after that we leave the position ourselves.
    """
    resting = any(
        order.rests and not order.cancelling and order.stop_price == position.stop_loss
        for order in desk.guards.stops_of(position.id)
    )
    return resting and not desk.guards.is_late(position.id, desk.now)


def make_way(desk: Desk, position_id: str, amount: Decimal, until: int) -> tuple[Order, ...]:
    """Take back protective orders that an exit of *amount* (base) would collide with.

    Returns those that have to be gone first. Until *until* (UTC ms) none takes their place.
    """
    position = desk.state.positions.get(position_id)
    stops = desk.guards.stops_of(position_id)
    if position is None or not stops:
        return ()
    free = position.size - desk.standing(position.market).exiting(position_id)
    if amount <= free:
        return ()
    desk.guards.make_way(position_id, until)
    _call_off(desk, stops)
    return stops


def displaced(desk: Desk, order: Order) -> str:
    """Return what is to be told of a stop whose place at the exchange *order* takes, or "".

    An exit that rests holds so much of the position: the stop rests for the remainder only, unless
    it may rest beside it.
    """
    position = desk.state.positions.get(order.position_id or "")
    held_there = position is not None and _terms(desk, position).holds_stops
    if position is None or not held_there or position.stop_loss is None:
        return ""
    if _may_rest_beside(desk, position):
        return ""
    if not order.reduce_only or order.protective or order.type == "market" or not order.working:
        return ""
    return (
        f"While {order.id} rests, the stop of {position.id} ({position.symbol}) at "
        f"{position.stop_loss} does not rest at the exchange for {order.remaining} of it: this "
        "server watches it, as long as it runs"
    )


def _call_off_surplus(desk: Desk) -> None:
    """Cancel what rests to close more of a perpetual than is left: the stop was quicker."""
    exits: dict[str, list[Order]] = {}
    for order in desk.state.orders.values():
        if order.reduce_only and not order.protective and order.position_id is not None:
            exits.setdefault(order.position_id, []).append(order)
    for position_id, orders in exits.items():
        position = desk.state.positions.get(position_id)
        held = position.size if position is not None else ZERO
        closing = sum((order.remaining for order in orders), ZERO)
        if closing > held and desk.markets[orders[0].market].type == "perpetual":
            _call_off(desk, orders)


def _tell_displaced(desk: Desk, position: Position) -> None:
    """Tell, once, of a stop that rested beside an exit and can do so no longer."""
    if desk.markets[position.market].type != "perpetual":
        return  # there it never could: that was told when the exit was sent
    for order in _exits(desk, position):
        if order.rests and not order.cancelling and (why := displaced(desk, order)):
            alerts = desk.state.alerts.values()
            if not any(a.trigger == "unprotected" and order.id in a.message for a in alerts):
                desk.alert("unprotected", "warning", why, subject=order.market)


def _may_rest_beside(desk: Desk, position: Position) -> bool:
    """Say whether the whole stop may rest beside exits, as far as is known of the exchange."""
    alone = desk.standing(position.market).stands_alone(position.id)
    return alone and desk.guards.failures(position.id) < BESIDE_TRIES


def _protect(desk: Desk, position: Position) -> None:
    wanted, stops = _wanted(desk, position), desk.guards.stops_of(position.id)
    right = next((order for order in stops if _is_right(order, wanted)), None)
    others = [order for order in stops if order is not right]
    if others:
        _call_off(desk, [order for order in others if _may_go(desk, order, wanted)])
    elif wanted is not None and right is None and _is_due(desk, position):
        _place(desk, position, wanted)


def _wanted(desk: Desk, position: Position) -> Wanted | None:
    if position.stop_loss is None or desk.guards.makes_way(position.id, desk.now):
        return None
    left = max(position.size - _taken(desk, position), ZERO)
    amount = desk.markets[position.market].amount(left)
    if desk.is_dust(position, amount, position.stop_loss):
        return None
    return Wanted(position.stop_loss, amount)


def _taken(desk: Desk, position: Position) -> Decimal:
    """Return how much of a position exits take, so that its stop can't rest for it, in base."""
    exits = _exits(desk, position)
    # Only beside what is known to rest: what is on its way might arrive when all this is over.
    if all(order.rests for order in exits) and _may_rest_beside(desk, position):
        return ZERO
    return sum((order.remaining for order in exits), ZERO)


def _exits(desk: Desk, position: Position) -> list[Order]:
    """Return the working orders that make a position smaller, but for its stop."""
    orders = desk.standings.orders_in(position.market)
    exits = (order for order in orders if order.reduce_only and order.position_id == position.id)
    return [order for order in exits if not order.protective]


def _is_right(order: Order, wanted: Wanted | None) -> bool:
    return (
        wanted is not None
        and not order.cancelling
        and order.stop_price == wanted.level
        and order.remaining == wanted.amount
    )


def _may_go(desk: Desk, order: Order, wanted: Wanted | None) -> bool:
    """Say whether a stop that is not right is replaced now: one that only follows may wait."""
    follows = wanted is not None and order.remaining == wanted.amount
    return not follows or desk.now - order.created_at >= MOVES_APART_MS


def _call_off(desk: Desk, orders: "tuple[Order, ...] | list[Order]") -> None:
    for order in orders:
        if order.rests and not order.cancelling:
            desk.change(order, cancelling=True)


def _is_due(desk: Desk, position: Position) -> bool:
    if not desk.guards.is_due(position.id, desk.now):
        return False
    if desk.guards.failures(position.id) == GIVE_UP_AFTER:
        return not _give_up(desk, position)
    return True


def _place(desk: Desk, position: Position, wanted: Wanted) -> None:
    placed = desk.submit(
        OrderIntent(
            market=position.market,
            side=closing_side(position.side),
            type="stop",
            amount=wanted.amount,
            stop_price=wanted.level,
            owner=position.owner,
            principal=ENGINE,
            reason=position.stop_kind,
            reduces=position.id,
            leverage=position.leverage,
            protective=True,
        )
    )
    if not isinstance(placed, Refused):
        return
    if placed.objection.rule == "stop_is_on_the_wrong_side":
        # The price has passed it already: there is nothing left to wait for.
        desk.exit(position, position.stop_kind)
    else:
        desk.guards.failed(position.id, desk.now)


def _give_up(desk: Desk, position: Position) -> bool:
    """Tell people that a stop can't be placed; close the position if that is what they want."""
    closes = _terms(desk, position).closes_unprotected
    what = "it is closed" if closes else "it is watched by this server alone"
    desk.alert(
        "unprotected",
        "critical",
        f"The stop of {position.id} ({position.symbol}) could not be placed: {what}",
        subject=position.market,
    )
    if closes:
        desk.exit(position, "unprotected")
    return closes


def _terms(desk: Desk, position: Position) -> ExchangeTerms:
    return desk.terms(position.exchange)
