"""Agreeing with the exchange: orders, fills, balances, before the first decision and after."""

import asyncio
from decimal import Decimal

import structlog

from trading_mcp.domain.accounts import asset_key
from trading_mcp.domain.markets import market_key
from trading_mcp.domain.numbers import EXACT, ZERO
from trading_mcp.domain.orders import Order
from trading_mcp.domain.reports import FundingPaid, Liquidated, Transferred
from trading_mcp.domain.times import DAY_MS
from trading_mcp.engine.core import Core
from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.flight import Flight
from trading_mcp.engine.ledger import Ledger
from trading_mcp.portfolio.book import booked_of

log = structlog.get_logger(__name__)
NEGLIGIBLE = Decimal("1e-8")
TIMEOUT_S = 10.0
OVERLAP_MS = DAY_MS
"""How far back what is known already is asked for again; it is booked once all the same."""
OPENING = "opening balance"


async def agree(core: Core, ledger: Ledger, flight: Flight, exchange: Exchange, since: int) -> None:
    """Bring our state into line with *exchange*: orders, fills, funding, balances.

    *since* (UTC ms) is when we last did. Raises what the exchange raises; what could be done
    until then is done.
    """
    for order in tuple(core.state.orders.values()):
        if order.exchange == exchange.name:
            await _settle(core, flight, order)
    async with asyncio.timeout(TIMEOUT_S):
        reports = await exchange.venue.account_reports(max(since - OVERLAP_MS, 0))
    for report in reports:
        match report:
            case FundingPaid():
                ledger.write(core.on_funding(report))
            case Liquidated():
                ledger.write(core.on_liquidated(report))
            case Transferred():
                ledger.write(core.on_transferred(report))
            case _:
                pass
    async with asyncio.timeout(TIMEOUT_S):
        await compare_balances(core, ledger, exchange)


def doubt(core: Core, ledger: Ledger, exchange: Exchange) -> None:
    """After a start: what was approved may or may not have been sent. Nobody knows yet."""
    why = "the server stopped before the exchange's answer was recorded"
    for order in tuple(core.state.orders.values()):
        if order.exchange == exchange.name and order.status == "approved":
            ledger.write(core.on_unknown(order.id, why, core.state.now))


async def _settle(core: Core, flight: Flight, order: Order) -> None:
    if order.status == "approved":
        return  # on its way: its answer is being waited for
    try:
        await flight.refresh(order)
    except Exception as error:  # this order stays as it is known; the others are asked for
        log.warning("order_not_refreshed", order_id=order.id, error=str(error))
    now = core.state.orders.get(order.id)
    if now is not None and now.status == "unknown":
        flight.settle(now)
    flight.cancel_again(order.id)


async def compare_balances(core: Core, ledger: Ledger, exchange: Exchange) -> None:
    """Book, and say, where the exchange's balances differ from ours.

    Nothing is compared while orders are on their way: they are why it would differ.
    """
    founding = not _ours(core, exchange)
    if any(order.exchange == exchange.name for order in core.state.orders.values()):
        return
    seq = core.state.seq
    theirs = await _their_balances(exchange)
    if core.state.seq != seq and not founding:
        return
    for asset in sorted({*theirs, *_ours(core, exchange)}):
        _compare(core, ledger, asset, theirs.get(asset, ZERO), founding=founding)


def _ours(core: Core, exchange: Exchange) -> dict[str, Decimal]:
    prefix = asset_key(exchange.name, "")
    return {asset: held for asset, held in core.state.cash.items() if asset.startswith(prefix)}


def _compare(core: Core, ledger: Ledger, asset: str, total: Decimal, *, founding: bool) -> None:
    exchange, _, name = asset.partition(":")
    ours = core.state.cash.get(asset, ZERO)
    if founding:
        ledger.write(core.on_balance(exchange, name, total, f"{OPENING}: {asset}"))
    elif abs(total - ours) > NEGLIGIBLE:
        why = f"correction {core.state.seq}: {exchange} has {total} {name}, we had {ours}"
        ledger.write(core.on_balance(exchange, name, total, why))
        ledger.write(core.alert("balance_mismatch", "critical", why, float(total - ours)))


async def _their_balances(exchange: Exchange) -> dict[str, Decimal]:
    """Return the exchange's balances as we count them: perpetuals paid for like coins."""
    balances = await exchange.venue.balances()
    theirs = {asset_key(exchange.name, b.currency): b.total for b in balances}
    markets = {m.key: m for m in await exchange.data.markets()}
    for holding in await exchange.venue.holdings():
        market = markets[market_key(exchange.name, holding.symbol)]
        quote = asset_key(exchange.name, market.quote)
        theirs[asset_key(exchange.name, holding.symbol)] = holding.amount
        entered = EXACT.multiply(holding.amount, holding.entry_price)
        theirs[quote] = booked_of(theirs.get(quote, ZERO), entered)
    return theirs
