"""Booking what the exchange says of the account: fills, funding, liquidations, balances."""

from decimal import Decimal

import msgspec

from trading_mcp.domain import entries as e
from trading_mcp.domain.accounts import Flow, asset_key
from trading_mcp.domain.markets import Market, market_key
from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.orders import Fill, Order, OrderStatus
from trading_mcp.domain.positions import Position, closing_side
from trading_mcp.domain.reports import FundingPaid, Liquidated, Transferred
from trading_mcp.engine import watch
from trading_mcp.engine.desk import ENGINE, Desk
from trading_mcp.portfolio import book

_PICO = Decimal("1e-12")


def book_fill(desk: Desk, fill: Fill) -> None:
    """Book one trade, once, whether it is ours or not."""
    order = desk.state.order_of(fill.client_id)
    if order is None:
        _book_outside(desk, fill)
    elif not book.is_booked(order, fill):
        _book_ours(desk, order, fill)


def book_funding(desk: Desk, paid: FundingPaid) -> None:
    """Book funding once, shared among the market's positions by their size."""
    market = desk.markets[market_key(paid.exchange, paid.symbol)]
    if paid.funding_id in desk.state.outside_trades:
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
    if known in desk.state.outside_trades:
        return
    # What was opened after it happened is not what was liquidated.
    held = [p for p in desk.standings.positions_in(market.key) if p.opened_at <= report.at]
    nothing = Flow(asset_key(market.exchange, market.quote), ZERO)
    desk.make(e.FundsMoved(at=desk.now, flow=nothing, why=known))
    for i, position in enumerate(held):
        _liquidate(desk, position, report, i)
    if held:
        desk.alert("liquidation", "critical", f"{market.symbol} was liquidated at {report.price}")


def book_transfer(desk: Desk, report: Transferred) -> None:
    """Book a deposit, a withdrawal or the like once."""
    known = f"{report.kind} {report.transfer_id}"
    asset = asset_key(report.exchange, report.currency)
    if known not in desk.state.outside_trades:
        _move(desk, Flow(asset, report.amount), known)


def book_balance(desk: Desk, exchange: str, currency: str, total: Decimal, why: str) -> None:
    """Book the difference between the exchange's balance and ours."""
    asset = asset_key(exchange, currency)
    difference = total - desk.state.cash.get(asset, ZERO)
    if difference != 0:
        _move(desk, Flow(asset, difference), why)


def _move(desk: Desk, flow: Flow, why: str) -> None:
    worth = desk.standings.worth(flow.asset, flow.amount) or ZERO
    desk.make(e.FundsMoved(at=desk.now, flow=flow, why=why, worth=worth))


def _book_ours(desk: Desk, order: Order, fill: Fill) -> None:
    market = desk.markets[order.market]
    changed = book.order_after(order, fill)
    position = None
    if order.position_id is not None:
        held = desk.state.position(order.position_id) or book.opened_by(order, market)
        position = book.position_after(held, order, fill)
    flows = book.flows_of(fill, market)
    desk.make(e.FillBooked(at=desk.now, fill=fill, order=changed, position=position, flows=flows))
    if position is not None and not position.is_open:
        _set_apart(desk, position)
    if order.status in ("rejected", "abandoned"):
        _alarm(desk, order, "traded although it was taken for dead")
    if changed.filled > changed.amount:
        message = f"Order {order.id} was filled beyond its amount: {changed.filled}"
        desk.alert("overfill", "critical", message, float(changed.filled))


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


def _book_outside(desk: Desk, fill: Fill) -> None:
    known = f"{fill.symbol} trade {fill.trade_id}"
    market = desk.markets.get(market_key(fill.exchange, fill.symbol))
    if market is None or known in desk.state.outside_trades:
        return
    for flow in book.flows_of(fill, market):
        _move(desk, flow, known)
    desk.alert("outside_trade", "warning", f"A trade not ours: {known}", float(fill.amount))


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
