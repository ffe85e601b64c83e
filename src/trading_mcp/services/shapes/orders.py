"""Orders."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trading_mcp.domain.orders import OrderType, Side
from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import (
    Amount,
    Cursor,
    Exchange,
    Id,
    MarketTypeChoice,
    Mutation,
    Pair,
    Price,
)

AnyExchange = Annotated[str | None, Meta(description="left out: any")]
Leverage = Annotated[int, Meta(ge=1, le=100)]
Outcome = Literal["accepted", "filled", "partially_filled", "cancelled", "failed", "unknown"]
"""What has become of an order so far; *unknown* while the exchange has not said."""


class MarketOrderRequest(Mutation, frozen=True, kw_only=True):
    """A market order; *amount* is in base."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
    side: Side
    amount: Amount
    leverage: Leverage = 1


class LimitOrderRequest(MarketOrderRequest, frozen=True, kw_only=True):
    """A limit order; *price* in quote per base."""

    price: Price


class StopOrderRequest(MarketOrderRequest, frozen=True, kw_only=True):
    """A stop order: a market order that waits until the price reaches *stop_price*."""

    stop_price: Price


class OrderRequest(MarketOrderRequest, frozen=True, kw_only=True):
    """An order of any type: *price* belongs to limit, *stop_price* to stop, neither to market."""

    type: OrderType
    price: Annotated[Price | None, Meta(description="limit only")] = None
    stop_price: Annotated[Price | None, Meta(description="stop only")] = None


class ScalpRequest(MarketOrderRequest, frozen=True, kw_only=True):
    """A market entry with its exits, in percent of the entry price."""

    stop_loss_pct: Annotated[float, Meta(gt=0, le=50)] | None = None
    take_profit_pct: Annotated[float, Meta(gt=0, le=100)] | None = None
    trailing_stop_pct: Annotated[float, Meta(gt=0, le=50)] | None = None
    breakeven_pct: Annotated[float, Meta(gt=0, le=50)] | None = None


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order: *status* as the API has it, *state* as precisely as it is known.

    What was sent, on the market's grid: *size* in base, *notional* in quote, *stop_price* of a
    stop. *price* is the limit or the stop, or what was paid on average; 0 while neither is known.
    `unknown` in *state* means that the exchange has not answered: ask again, do not send anew.
    """

    order_id: str
    exchange: str
    source: str
    symbol: str
    side: Side
    type: OrderType
    size: float
    notional: float
    price: float
    stop_price: float | None
    filled: float
    average_price: float | None
    fees: float
    status: Literal["pending", "filled", "cancelled", "failed"]
    state: str
    reason: str
    position_id: str | None
    latency_ms: float
    timestamp: str


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the order so far; *outcome* is unknown while the exchange has not said."""

    order: OrderView
    outcome: Outcome
    message: str


class OrderStatusRequest(Request, frozen=True, kw_only=True):
    """One order; with *exchange*, only if it is an order of that exchange."""

    exchange: AnyExchange = None
    order_id: Id


class CancelRequest(Mutation, frozen=True, kw_only=True):
    """Cancel one order; with *exchange*, only if it is an order of that exchange."""

    exchange: AnyExchange = None
    order_id: Id


class CancelAllRequest(Mutation, frozen=True, kw_only=True):
    """Cancel the working orders of an exchange or (left out) all, of one market or all."""

    exchange: AnyExchange = None
    pair: Pair | None = None
    market_type: MarketTypeChoice = None
    exits: Annotated[bool, Meta(description="also resting orders that only close")] = False


class CancelAllAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The ids *cancelled* (what they had filled stays), those that had *filled* before, those
    that *may_trade* still, each with the reason, and the exits that were *kept*."""

    message: str
    cancelled: list[str]
    filled: list[str]
    may_trade: dict[str, str]
    kept: list[str]


class OpenOrdersRequest(Request, frozen=True, kw_only=True):
    """Working orders, of one exchange and pair or all."""

    exchange: AnyExchange = None
    pair: Pair | None = None
    market_type: MarketTypeChoice = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """Orders, the newest first."""

    orders: list[OrderView]
    count: int


class OrderHistoryRequest(OpenOrdersRequest, frozen=True, kw_only=True):
    """Orders of any state, of one exchange and pair or all."""

    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    cursor: Cursor | None = None


class OrderHistory(Orders, frozen=True, kw_only=True):
    """A page of orders, the newest first; without *next_cursor* it is the last one."""

    next_cursor: str | None
