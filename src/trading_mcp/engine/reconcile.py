"""Agreeing with the exchange: orders, fills, balances, before the first decision and after."""

import asyncio
from decimal import Decimal

import structlog

from trading_mcp.domain.accounts import asset_key
from trading_mcp.domain.markets import market_key
from trading_mcp.domain.numbers import EXACT, ZERO
from trading_mcp.domain.reports import FundingPaid, Liquidated
from trading_mcp.engine.core import Core
from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.flight import Flight
from trading_mcp.engine.ledger import Ledger

log = structlog.get_logger(__name__)
NEGLIGIBLE = Decimal("1e-8")
OVERLAP_MS = 86_400_000
"""How far back what is known already is asked for again; it is booked once all the same."""
OPENING = "opening balance"


async def recover(core: Core, ledger: Ledger, flight: Flight, exchange: Exchange) -> None:
    """Bring our state into line with *exchange* after a start, however the last run ended."""
    for order in tuple(core.state.orders.values()):
        if order.exchange != exchange.name:
            continue
        if order.status == "approved":
            # It may or may not have been sent: the exchange knows, or nobody does yet.
            why = "the server stopped before the exchange's answer was recorded"
            ledger.write(core.on_unknown(order.id, why, core.state.now))
        try:
            await flight.refresh(order)
        except Exception as error:  # the exchange is away: the order stays as it is known
            log.warning("order_not_recovered", order_id=order.id, error=str(error))
    await take_in_account(core, ledger, exchange, core.state.now)
    await compare_balances(core, ledger, exchange)


async def take_in_account(core: Core, ledger: Ledger, exchange: Exchange, since: int) -> None:
    """Take in funding and liquidations that may have been missed since *since* (UTC ms)."""
    for report in await exchange.venue.account_reports(max(since - OVERLAP_MS, 0)):
        match report:
            case FundingPaid():
                ledger.write(core.on_funding(report))
            case Liquidated():
                ledger.write(core.on_liquidated(report))
            case _:
                pass


async def compare_balances(core: Core, ledger: Ledger, exchange: Exchange) -> None:
    """Book, and say, where the exchange's balances differ from ours.

    Nothing is compared while orders are on their way: they are why it would differ.
    """
    if core.state.orders and core.state.cash:
        return
    seq = core.state.seq
    theirs = await _their_balances(exchange)
    await asyncio.sleep(0)
    if core.state.seq != seq and core.state.cash:
        return
    founding = not core.state.cash
    for asset, total in theirs.items():
        name = asset.partition(":")[2]
        ours = core.state.cash.get(asset, ZERO)
        if founding:
            ledger.write(core.on_balance(exchange.name, name, total, f"{OPENING}: {name}"))
        elif abs(total - ours) > NEGLIGIBLE:
            why = f"correction {seq}: the exchange has {total} {name}, we had {ours}"
            ledger.write(core.on_balance(exchange.name, name, total, why))
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
        paid = EXACT.multiply(holding.amount, holding.entry_price)
        theirs[quote] = theirs.get(quote, ZERO) - paid
    return theirs
