"""Objections to opening anything in a market now, whatever the order's size or price."""

from trading_mcp.domain.orders import OrderIntent
from trading_mcp.risk import halts
from trading_mcp.risk.findings import Finding, Objection
from trading_mcp.risk.standing import Standing


def kill_switch_is_on(intent: OrderIntent, standing: Standing) -> Finding:
    """Nothing may enlarge a position while the kill switch is on."""
    return halts.killed(standing)


def price_is_stale(intent: OrderIntent, standing: Standing) -> Finding:
    """A position is not enlarged on prices that may be old."""
    if standing.price is not None and standing.price.fresh:
        return None
    return Objection(
        "MARKET_CLOSED",
        f"{intent.market} has no fresh price: wait until its market data is back",
    )


def entries_are_paused(intent: OrderIntent, standing: Standing) -> Finding:
    """A limit that was reached stops new positions for a while."""
    return halts.paused(standing)


def equity_is_unknown(intent: OrderIntent, standing: Standing) -> Finding:
    """Without knowing what the account is worth, no loss limit can be kept."""
    return halts.unvalued(standing)


def exchange_is_in_doubt(intent: OrderIntent, standing: Standing) -> Finding:
    """Nothing is opened on an exchange that can't be relied on for the moment."""
    if standing.doubt is None:
        return None
    exchange = standing.market.exchange
    return Objection(
        "EXCHANGE_ERROR",
        f"{exchange} {standing.doubt}: nothing is opened there until that is over",
        {"exchange": exchange, "reason": standing.doubt},
    )


def market_is_halted(intent: OrderIntent, standing: Standing) -> Finding:
    """Nothing is opened in a market whose books are not explained until a person has looked."""
    if standing.halted is None:
        return None
    return Objection(
        "MARKET_CLOSED",
        f"{intent.market} is halted: {standing.halted}. A person has to look at it and resume it",
        {"market": intent.market, "reason": standing.halted, "asset": standing.halted_asset},
    )
