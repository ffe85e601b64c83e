"""One push about an order that can trade, in our words."""

from trading_mcp.adapters.ccxt.kucoin.questions import Raw
from trading_mcp.adapters.ccxt.kucoin.reading import milliseconds, number, text
from trading_mcp.adapters.ccxt.markets import Listed, from_contracts
from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.orders import OrderType
from trading_mcp.domain.reports import OrderReport, OrderTerms, VenueStatus

_STATUSES: dict[str, VenueStatus] = {"filled": "filled", "canceled": "cancelled"}
"""By a push's type; of any other, the order can still trade."""


def pushed_report(data: Raw, listed: Listed, client_id: str) -> OrderReport:
    """Return what a push says. Amounts of futures are in contracts there, in base here."""
    return OrderReport(
        exchange=listed.market.exchange,
        symbol=listed.market.symbol,
        client_id=client_id,
        venue_id=text(data, "orderId"),
        status=_STATUSES.get(text(data, "type"), "open"),
        filled=from_contracts(listed, number(data, "filledSize")),
        at=milliseconds(data.get("ts")),
        terms=_terms(data, listed),
    )


def _terms(data: Raw, listed: Listed) -> OrderTerms | None:
    size = number(data, "originSize") or number(data, "size")
    if size <= ZERO:
        return None
    kind: OrderType = "limit" if data.get("orderType") == "limit" else "market"
    return OrderTerms(
        side="buy" if text(data, "side") == "buy" else "sell",
        type=kind,
        amount=from_contracts(listed, size),
        price=number(data, "price") or None if kind == "limit" else None,
    )
