"""Positions that somebody has made smaller at the exchange: what is not there is held no longer."""

from decimal import Decimal

import msgspec

from trading_mcp.domain import entries as e
from trading_mcp.domain.accounts import Asset, asset_key
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, ZERO
from trading_mcp.domain.orders import Fill, Order
from trading_mcp.domain.others import OthersTrade
from trading_mcp.domain.positions import Position, closing_side
from trading_mcp.engine.desk import ENGINE, Desk
from trading_mcp.portfolio import book

CLOSED_OUTSIDE = "closed_outside"
"""Why a position was left that somebody sold or closed at the exchange."""
MISSING = "not in the account"
"""Why a position was left whose coins or contracts are gone, and no trade tells how."""
_PICO = Decimal("1e-12")


def note_trade(desk: Desk, fill: Fill, market: Market) -> None:
    """Remember a trade that is not ours, over a restart too: it may have taken from a position."""
    fee = desk.standings.worth(asset_key(fill.exchange, fill.fee_currency), fill.fee) or ZERO
    in_base = market.type == "spot" and fill.fee_currency == market.base
    trade = OthersTrade(
        market=market.key,
        side=fill.side,
        amount=fill.amount + fill.fee if in_base else fill.amount,
        price=fill.price,
        fee=fee,
        at=fill.at,
    )
    desk.make(e.OthersTraded(at=desk.now, asset=book.held_asset(market), trade=trade))


def within(desk: Desk, market: Market, held: Position, order: Order, fill: Fill) -> Fill:
    """Return what of an exit's *fill* the position *held* had; the rest was taken from others.

    Where a stop and another exit of a perpetual rest for the same, and what the exchange holds
    beside it comes or goes meanwhile, both may trade.
    """
    beyond = fill.amount - max(held.size, ZERO)
    if market.type != "perpetual" or not order.reduce_only or beyond <= 0:
        return fill
    others = msgspec.structs.replace(fill, amount=beyond, fee=ZERO)
    note_trade(desk, others, market)
    return msgspec.structs.replace(fill, amount=fill.amount - beyond)


def missing(desk: Desk, asset: Asset) -> Decimal:
    """Return how much more of *asset* the positions have than the account, in base."""
    held = _holders(desk, asset)
    if len({position.side for position in held}) != 1:
        return ZERO  # none, or both sides of a contract, which the account nets
    there = max(held[0].sign * desk.state.cash.get(asset, ZERO), ZERO)
    return max(sum((p.size for p in held), ZERO) - there, ZERO)


def close_by_trades(desk: Desk, asset: Asset) -> None:
    """Close, at the prices of others' trades, what those took from the positions in *asset*.

    To be called when our books agree with the exchange's: every trade has been told by then, and
    what came before explains nothing that goes missing later. The oldest positions go first, by
    the newest trades: the older ones sold what belonged to no position.
    """
    trades = sorted(desk.state.others.get(asset, ()), key=lambda trade: trade.at)
    if trades:
        desk.make(e.OthersCompared(at=desk.now, asset=asset))
    for trade in reversed(trades):
        _close_by(desk, asset, trade)


def write_off_missing(desk: Desk, asset: Asset) -> Decimal:
    """Take from the positions in *asset* what the account does not have; return how much."""
    total = left = missing(desk, asset)
    for position in _holders(desk, asset):
        taken = min(left, position.size)
        if taken > 0:
            desk.write_off(position, taken, MISSING)
            left -= taken
    return total


def _holders(desk: Desk, asset: Asset) -> list[Position]:
    """Return the positions that consist of *asset*, the oldest first."""
    held = desk.state.positions.values()
    ours = [p for p in held if book.held_asset(desk.markets[p.market]) == asset and p.size > 0]
    return sorted(ours, key=lambda position: (position.opened_at, position.id))


def _close_by(desk: Desk, asset: Asset, trade: OthersTrade) -> None:
    rest = trade
    for position in _holders(desk, asset):
        taken = min(missing(desk, asset), position.size, rest.amount)
        if taken > 0 and _concerns(rest, position):
            _close(desk, position, taken, rest)
            rest = rest.without(taken)


def _concerns(trade: OthersTrade, position: Position) -> bool:
    closes = trade.side == closing_side(position.side)
    return closes and trade.market == position.market and trade.at >= position.opened_at


def _close(desk: Desk, position: Position, taken: Decimal, trade: OthersTrade) -> None:
    fee = EXACT.divide(EXACT.multiply(trade.fee, taken), trade.amount)
    changed = msgspec.structs.replace(
        position,
        exited=position.exited + taken,
        exited_value=position.exited_value + EXACT.multiply(taken, trade.price),
        fees=position.fees + fee.quantize(_PICO, context=EXACT),
        last_fill_at=max(position.last_fill_at, trade.at),
        close_reason=CLOSED_OUTSIDE,
    )
    if not changed.is_open:
        changed = msgspec.structs.replace(changed, closed_at=changed.last_fill_at)
    made = e.PositionChanged(at=desk.now, position=changed, why=CLOSED_OUTSIDE, principal=ENGINE)
    desk.make(made)
    # What rests to make it smaller may be more than is left of it.
    if not changed.is_open or desk.standing(position.market).exiting(position.id) > changed.size:
        desk.call_off_exits(changed)
    message = f"{taken} of {position.id} ({position.symbol}) was closed at {trade.price}, not by us"
    desk.alert("outside_trade", "warning", message, float(taken), subject=position.market)
