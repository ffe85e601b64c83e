"""Why the exchange says no to an order, in its own words."""

from collections.abc import Sequence
from decimal import Decimal

from trading_mcp.adapters.simulated.asked import Asked
from trading_mcp.adapters.simulated.ledger import State
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, down_to, exact
from trading_mcp.domain.quotes import Level, OrderBook
from trading_mcp.domain.reports import VenueRefused


def check(
    state: State, market: Market, order: Asked, book: OrderBook, *, exempt_exits: bool = True
) -> None:
    """Raise VenueRefused if *order* cannot be accepted, whatever the account holds.

    *exempt_exits*: a spot market's sell that only reduces may be below the minimum. A perpetual's
    always may: what is left of a position can be closed, however small.
    """
    _check_is_new(state, order)
    _check_form(market, order)
    offers = book.asks if order.side == "buy" else book.bids
    if not offers:
        raise VenueRefused("no_liquidity", f"nobody offers {market.symbol}")
    _check_grid(market, order)
    if not (order.reduce_only and (exempt_exits or market.type == "perpetual")):
        _check_size(market, order, exact(offers[0].price))
    _check_stop(order, offers)
    _check_reduces(state, market, order)


def _check_is_new(state: State, order: Asked) -> None:
    if state.order(order.client_id):
        raise VenueRefused("duplicate_client_id", f"there is an order {order.client_id} already")


def _check_form(market: Market, order: Asked) -> None:
    if (order.type == "limit") != (order.price is not None):
        raise VenueRefused("invalid_order", f"a {order.type} order with price {order.price}")
    if (order.type == "stop") != (order.stop_price is not None):
        raise VenueRefused("invalid_order", f"a {order.type} order with stop {order.stop_price}")
    if market.type == "perpetual" and not 1 <= order.leverage <= market.max_leverage:
        found = f"leverage {order.leverage}; from 1 to {market.max_leverage} is possible"
        raise VenueRefused("leverage_out_of_range", found)


def _check_grid(market: Market, order: Asked) -> None:
    for value, grid in (
        (order.amount, market.step),
        (order.price, market.tick),
        (order.stop_price, market.tick),
    ):
        if value is not None and (value <= 0 or down_to(value, grid) != value):
            raise VenueRefused("off_grid", f"{value} is no positive multiple of {grid}")


def _check_size(market: Market, order: Asked, best: Decimal) -> None:
    notional = EXACT.multiply(order.amount, order.price or order.stop_price or best)
    if order.amount < market.min_amount or notional < market.min_notional:
        found = f"{order.amount} {market.base} worth {notional} {market.quote}"
        least = f"{market.min_amount} {market.base} and {market.min_notional} {market.quote}"
        raise VenueRefused("below_minimum", f"{found}; the least is {least}")


def _check_stop(order: Asked, offers: Sequence[Level]) -> None:
    if order.stop_price is None:
        return
    best = exact(offers[0].price)
    if order.stop_price <= best if order.side == "buy" else order.stop_price >= best:
        found = f"a {order.side} stop at {order.stop_price} with the price at {best}"
        raise VenueRefused("stop_would_trigger", found)


def _check_reduces(state: State, market: Market, order: Asked) -> None:
    if not order.reduce_only:
        return
    if market.type == "spot":
        reduces = order.side == "sell"
    else:
        stake = state.stakes.get(market.symbol)
        reduces = stake is not None and (stake.sign > 0) == (order.side == "sell")
    if not reduces:
        raise VenueRefused("reduce_only", f"there is no position that a {order.side} would reduce")
