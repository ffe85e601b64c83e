"""Orders."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trading_mcp.domain.orders import OrderType, Side
from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import (
    Amount,
    Exchange,
    Id,
    MarketTypeChoice,
    Mutation,
    Pair,
    Price,
)


class MarketOrderRequest(Mutation, frozen=True, kw_only=True):
    """A market order; *amount* is in base."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
    side: Side
    amount: Amount
    leverage: Annotated[int, Meta(ge=1, le=100)] = 1


class LimitOrderRequest(Mutation, frozen=True, kw_only=True):
    """A limit order; *amount* in base, *price* in quote per base."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
    side: Side
    amount: Amount
    price: Price
    leverage: Annotated[int, Meta(ge=1, le=100)] = 1


class ScalpRequest(Mutation, frozen=True, kw_only=True):
    """A market entry with its exits, in percent of the entry price."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
    side: Side
    amount: Amount
    stop_loss_pct: Annotated[float, Meta(gt=0, le=50)] | None = None
    take_profit_pct: Annotated[float, Meta(gt=0, le=100)] | None = None
    trailing_stop_pct: Annotated[float, Meta(gt=0, le=50)] | None = None
    breakeven_pct: Annotated[float, Meta(gt=0, le=50)] | None = None
    leverage: Annotated[int, Meta(ge=1, le=100)] = 1


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order: *status* as the API has it, *state* as precisely as it is known.

    What was sent: *size* in base, *notional* in quote. *price* is the limit, or what was paid on
    average; 0 while neither is known. `unknown` in *state* means that the exchange has not
    answered: ask again, do not send anew.
    """

    order_id: str
    exchange: str
    symbol: str
    side: Side
    type: OrderType
    size: float
    notional: float
    price: float
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
    outcome: Literal["accepted", "filled", "partially_filled", "cancelled", "unknown"]
    message: str


class CancelRequest(Mutation, frozen=True, kw_only=True):
    """Cancel one order."""

    exchange: Exchange = None
    order_id: Id


class OpenOrdersRequest(Request, frozen=True, kw_only=True):
    """Working orders, of one exchange and pair or all."""

    exchange: Exchange = None
    pair: Pair | None = None
    market_type: MarketTypeChoice = None


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """Orders, the newest first."""

    orders: list[OrderView]
    count: int
