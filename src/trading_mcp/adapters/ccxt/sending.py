"""The exact words in which an order leaves: ccxt must not change a digit of them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from trading_mcp.adapters.ccxt.evidence import harmless
from trading_mcp.adapters.ccxt.markets import Listed, to_contracts
from trading_mcp.domain.orders import ApprovedOrder
from trading_mcp.domain.reports import VenueRefused


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """What ccxt's create_order is given."""

    symbol: str
    type: str
    side: str
    amount: str | int
    price: str | None
    params: Mapping[str, Any]


def wired(order: ApprovedOrder, listed: Listed, client: Any, params: Mapping[str, Any]) -> Wire:
    """Return *order* as it is sent; raise VenueRefused if it would be rounded on its way."""
    amount = to_contracts(listed, order.amount)
    _check("amount", amount, client.amount_to_precision, listed)
    for price in (order.price, order.stop_price):
        if price is not None:
            _check("price", price, client.price_to_precision, listed)
    in_contracts = listed.market.type == "perpetual"
    return Wire(
        symbol=listed.name,
        type="limit" if order.type == "limit" else "market",
        side=order.side,
        amount=int(amount) if in_contracts else f"{amount:f}",
        price=f"{order.price:f}" if order.price is not None else None,
        params=params,
    )


async def create(client: Any, wire: Wire) -> str | None:
    """Send an order, once; return the exchange's id if it gave one."""
    made = await client.create_order(
        wire.symbol, wire.type, wire.side, wire.amount, wire.price, dict(wire.params)
    )
    venue_id = made.get("id")
    return str(venue_id) if venue_id else None


def _check(what: str, value: Decimal, rounded: Any, listed: Listed) -> None:
    # ccxt reads a stop price as a float: both ways must lead to the same digits.
    for form in (f"{value:f}", float(value)):
        try:
            sent = rounded(listed.name, form)
        except Exception as error:  # ccxt says so when nothing is left after rounding
            raise VenueRefused("off_grid", f"{what} {value:f}: {harmless(str(error))}") from None
        if sent is None or Decimal(sent) != value:
            found = f"{what} {value:f} would be sent as {sent}"
            raise VenueRefused("off_grid", f"{found}: it is not on {listed.market.symbol}'s grid")
