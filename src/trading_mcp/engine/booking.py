"""Booking what the exchange says of our own trades: fills, funding, liquidations."""

from decimal import Decimal

import msgspec

from trading_mcp.domain import entries as e
from trading_mcp.domain.accounts import Flow, asset_key
from trading_mcp.domain.markets import Market, market_key
from trading_mcp.domain.numbers import EXACT, ZERO
from trading_mcp.domain.orders import EXTERNAL, Fill, Order, OrderStatus
from trading_mcp.domain.positions import Position, closing_side
from trading_mcp.domain.reports import FundingPaid, Liquidated
from trading_mcp.engine import closed_outside, outside, watch
from trading_mcp.engine.desk import ENGINE, Desk
from trading_mcp.portfolio import book

_PICO = Decimal("1e-12")


def book_fill(desk: Desk, fill: Fill) -> None:
    """Book one trade, once, whether it is ours or not."""
    order = desk.state.order_of(fill.client_id)
    ours = order is not None and order.owner != EXTERNAL
    # Never of ours: the exchange's clock may be behind the one that we joined by.
    if not ours and outside.is_before_us(desk, fill):
        return
    if order is None:
        outside.book_trade(desk, fill)
    elif not book.is_booked(order, fill) and not outside.is_known(desk, fill):
        _book_ours(desk, order, fill)


def book_funding(desk: Desk, paid: FundingPaid) -> None:
    """Book funding once, shared among the market's positions by their size."""
    market = desk.markets[market_key(paid.exchange, paid.symbol)]
    if desk.state.knows(paid.exchange, paid.funding_id):
        return
    desk.make(
        e.FundingBooked(
            at=desk.now,
            funding_id=paid.funding_id,
            positions=_funded(desk, market, paid.amount),
            flow=Flow(asset_key(paid.exchange, market.quote), paid.amount),
        )
    )


def book_liquidation(desk: Desk, report: Liquidated) -> None:
    """Book, once, that the exchange closed all of a market's positions by force."""
    market = desk.markets[market_key(report.exchange, report.symbol)]
    known = f"liquidation {report.trade_id}"
    if desk.state.knows(report.exchange, known):
        return
    # What was opened after it happened is not what was liquidated.
    held = [p for p in desk.standings.positions_in(market.key) if p.opened_at <= report.at]
    nothing = Flow(asset_key(market.exchange, market.quote), ZERO)
    desk.make(e.FundsMoved(at=desk.now, flow=nothing, why=known))
    for i, position in enumerate(held):
        _liquidate(desk, position, report, i)
    if held:
        desk.alert("liquidation", "critical", f"{market.symbol} was liquidated at {report.price}")


def _book_ours(desk: Desk, order: Order, fill: Fill) -> None:
    market = desk.markets[order.market]
    fee = _worth_of_fee(desk, fill, market)
    changed = book.order_after(order, fill, fee)
    position = None
    if order.position_id is not None:
        held = desk.state.position(order.position_id) or book.opened_by(order, market)
        in_base = fill.fee if _is_taken_in_base(fill, market) else ZERO
        own = closed_outside.within(desk, market, held, order, fill)
        position = book.position_after(held, order, own, fee, in_base) if own.amount else None
    flows = book.flows_of(fill, market)
    desk.make(e.FillBooked(at=desk.now, fill=fill, order=changed, position=position, flows=flows))
    if order.owner == EXTERNAL:
        closed_outside.note_trade(desk, fill, market)
    if position is not None and not position.is_open:
        _set_apart(desk, position)
    if order.status in ("rejected", "abandoned"):
        _alarm(desk, order, "traded although it was taken for dead")
    if changed.filled > changed.amount:
        message = f"Order {order.id} was filled beyond its amount: {changed.filled}"
        desk.alert("overfill", "critical", message, float(changed.filled))


def _worth_of_fee(desk: Desk, fill: Fill, market: Market) -> Decimal:
    """Return a fee's worth in quote; a third coin that has no price here counts as nothing."""
    if fill.fee_currency == market.quote:
        return fill.fee
    if _is_taken_in_base(fill, market):
        return EXACT.multiply(fill.fee, fill.price)
    return desk.standings.worth(asset_key(fill.exchange, fill.fee_currency), fill.fee) or ZERO


def _is_taken_in_base(fill: Fill, market: Market) -> bool:
    return market.type == "spot" and fill.fee_currency == market.base


def _set_apart(desk: Desk, closed: Position) -> None:
    """Let what waits to enlarge a position that is gone open one of its own.

    Else it would come back with the old entry price and stops, or be left again at once. A market
    order is not set apart: what it still fills belongs to what was left.
    """
    waiting = [
        order
        for order in desk.standings.orders_in(closed.market)
        if order.position_id == closed.id and not order.reduce_only and order.type != "market"
    ]
    position_id = desk.new_id("pos")
    for order in waiting:
        desk.change(order, position_id=position_id)


def _liquidate(desk: Desk, position: Position, report: Liquidated, nth: int) -> None:
    order_id = desk.new_id("ord")
    order = Order(
        id=order_id,
        client_id=desk.client_id(order_id),
        market=position.market,
        exchange=position.exchange,
        symbol=position.symbol,
        side=closing_side(position.side),
        type="market",
        amount=position.size,
        owner=position.owner,
        principal="exchange",
        reason="liquidation",
        created_at=report.at,
        expected_price=report.price,
        reduce_only=True,
        position_id=position.id,
        status="open",
    )
    fill = Fill(
        exchange=report.exchange,
        symbol=report.symbol,
        trade_id=f"{report.trade_id}.{nth}",
        client_id=order.client_id,
        side=order.side,
        amount=position.size,
        price=report.price,
        # Charged once for the account's net position: the first bears it.
        fee=report.fee if nth == 0 else ZERO,
        fee_currency=desk.markets[position.market].quote,
        at=report.at,
    )
    _book_ours(desk, order, fill)


def _funded(desk: Desk, market: Market, amount: Decimal) -> tuple[Position, ...]:
    held = desk.standings.positions_in(market.key)
    net = sum((p.sign * p.size for p in held), ZERO)
    if not held or net == 0:
        return ()
    shares = [(amount * p.sign * p.size / net).quantize(_PICO) for p in held]
    shares[-1] += amount - sum(shares, ZERO)
    return tuple(
        msgspec.structs.replace(p, funding=p.funding + share)
        for p, share in zip(held, shares, strict=True)
    )


def revive(desk: Desk, order: Order, status: OrderStatus, evidence: str) -> None:
    """Take back an order that was taken for dead and that the exchange has after all."""
    desk.change(order, status, evidence)
    _alarm(desk, order, "is at the exchange although it was taken for dead")


def _alarm(desk: Desk, order: Order, what: str) -> None:
    message = f"Order {order.id} ({order.symbol} {order.side}) {what}"
    desk.alert("order_revived", "critical", message)
    # What we believed of this account was wrong: nothing new until a person has looked.
    watch.kill(desk, message, ENGINE)
