"""What happens on the account without us: others' orders and trades, transfers, differences."""

from decimal import Decimal

from trading_mcp.domain import entries as e
from trading_mcp.domain.accounts import Asset, Flow, asset_key
from trading_mcp.domain.markets import market_key
from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.orders import EXTERNAL, Fill, Order
from trading_mcp.domain.reports import OrderReport, OrderTerms, Transferred
from trading_mcp.engine import closed_outside, watch
from trading_mcp.engine.desk import ENGINE, Desk
from trading_mcp.engine.ids import adopted_id
from trading_mcp.portfolio import book

ROUNDING = Decimal("1e-4")
"""A difference that is worth less than this (quote) is rounding, and no reason to stop."""


def is_before_us(desk: Desk, fill: Fill) -> bool:
    """Say whether a trade lies before our books began: the opening balance contains it."""
    joined = desk.state.joined.get(fill.exchange)
    return joined is not None and fill.at < joined.at


def is_known(desk: Desk, fill: Fill) -> bool:
    """Say whether a trade was booked as one that is not ours, before its order was adopted."""
    return desk.state.knows(fill.exchange, _name(fill))


def book_trade(desk: Desk, fill: Fill) -> None:
    """Book a trade of an order that is not ours, once."""
    market = desk.markets.get(market_key(fill.exchange, fill.symbol))
    if market is None or is_known(desk, fill):
        return
    for flow in book.flows_of(fill, market):
        _move(desk, flow, _name(fill))
    closed_outside.note_trade(desk, fill, market)
    message = (
        f"A trade not ours: {fill.side} {fill.amount:f} {market.symbol} at {fill.price:f}, "
        f"{market.exchange} trade {fill.trade_id}"
    )
    desk.alert("outside_trade", "warning", message, float(fill.amount))


def book_transfer(desk: Desk, report: Transferred) -> None:
    """Book a deposit, a withdrawal or the like once."""
    known = f"{report.kind} {report.transfer_id}"
    joined = desk.state.joined.get(report.exchange)
    is_old = joined is not None and report.at < joined.at
    if is_old or desk.state.knows(report.exchange, known):
        return
    _move(desk, Flow(asset_key(report.exchange, report.currency), report.amount), known)


def book_balance(desk: Desk, exchange: str, currency: str, total: Decimal, why: str) -> None:
    """Book the difference between the exchange's balance and ours."""
    asset = asset_key(exchange, currency)
    difference = total - desk.state.cash.get(asset, ZERO)
    if difference != 0:
        _move(desk, Flow(asset, difference), why)


def note_mismatch(desk: Desk, asset: Asset, difference: Decimal, why: str) -> None:
    """Tell people of a difference that nothing explains, and halt the asset's markets.

    Rounding is neither. Positions that own more than there is are held to what there is.
    """
    closed_outside.close_by_trades(desk, asset)
    closed_outside.write_off_missing(desk, asset)
    _halt(desk, asset, difference, why)


def note_agreement(desk: Desk, asset: Asset) -> None:
    """Hold the positions to what there is of an asset, now that our balance is the exchange's.

    What others' trades took is closed by them. What is missing beyond is a difference that
    nothing explains.
    """
    closed_outside.close_by_trades(desk, asset)
    gone = closed_outside.write_off_missing(desk, asset)
    if gone > 0:
        exchange, _, name = asset.partition(":")
        there = desk.state.cash.get(asset, ZERO)
        why = (
            f"{exchange} has {there} {name}, {gone} less than the positions had, and no trade "
            "explains it: they were brought down to what is there"
        )
        _halt(desk, asset, -gone, why)


def _halt(desk: Desk, asset: Asset, difference: Decimal, why: str) -> None:
    worth = desk.standings.worth(asset, difference)
    if worth is not None and abs(worth) <= ROUNDING:
        return
    desk.alert("balance_mismatch", "critical", why, float(difference), subject=asset)
    if asset not in desk.state.halted:
        desk.make(e.TradingHalted(at=desk.now, asset=asset, reason=why))


def adopt(desk: Desk, report: OrderReport, exchange: str) -> None:
    """Take in an order that may trade and that the journal does not know."""
    if report.client_id.endswith(f"-{desk.state.installation}"):
        # Nobody else can have made this id: something that we sent is missing from the journal.
        message = f"{exchange} has our order {report.client_id}, which the journal does not know"
        desk.alert("alien_order", "critical", message, subject=exchange)
        watch.kill(desk, message, ENGINE)
    market = desk.markets.get(market_key(exchange, report.symbol))
    if market is None or report.terms is None:
        return
    order = _adopted(desk, report, report.terms, exchange)
    desk.make(e.OrderAdopted(at=desk.now, order=order))
    message = f"An order not ours: {report.terms.side} {report.terms.amount} {report.symbol}"
    desk.alert("outside_order", "warning", message, subject=order.market)


def _adopted(desk: Desk, report: OrderReport, terms: OrderTerms, exchange: str) -> Order:
    market = market_key(exchange, report.symbol)
    level = terms.price or terms.stop_price or desk.standings.marks.get(market, ZERO)
    return Order(
        id=adopted_id(report.client_id),
        client_id=report.client_id,
        venue_id=report.venue_id,
        market=market,
        exchange=exchange,
        symbol=report.symbol,
        side=terms.side,
        type=terms.type,
        amount=terms.amount,
        price=terms.price,
        stop_price=terms.stop_price,
        reduce_only=terms.reduce_only,
        owner=EXTERNAL,
        principal="exchange",
        reason="external",
        created_at=report.at,
        updated_at=desk.now,
        expected_price=level,
        status="partial" if report.filled > 0 else "open",
        filled=report.filled,
        evidence="exchange: found among the open orders",
    )


def _move(desk: Desk, flow: Flow, why: str) -> None:
    worth = desk.standings.worth(flow.asset, flow.amount) or ZERO
    desk.make(e.FundsMoved(at=desk.now, flow=flow, why=why, worth=worth))


def _name(fill: Fill) -> str:
    return f"{fill.symbol} trade {fill.trade_id}"
