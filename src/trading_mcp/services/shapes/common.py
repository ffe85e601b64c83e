"""What requests and answers of several operations share."""

from typing import Annotated

import msgspec
from msgspec import Meta

from trading_mcp.domain.markets import MarketType
from trading_mcp.services.operations import Request

Pair = Annotated[str, Meta(min_length=3, max_length=40, description="like BTC-USDT")]
Exchange = Annotated[
    str | None, Meta(description="A configured exchange; left out: the default, or all")
]
Interval = Annotated[str, Meta(description="1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d")]
Amount = Annotated[float, Meta(ge=1e-12, le=1e15, description="in base currency")]
Price = Annotated[float, Meta(ge=1e-12, le=1e15)]
Text = Annotated[str, Meta(min_length=1, max_length=500)]
Cursor = Annotated[str, Meta(max_length=256, description="next_cursor of the page before")]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
IdempotencyKey = (
    Annotated[
        str,
        Meta(
            min_length=1,
            max_length=128,
            description="The same key again gives the same answer, with no second effect",
        ),
    ]
    | None
)
MarketTypeChoice = Annotated[
    MarketType | None, Meta(description="spot (default) or perpetual; or write BTC-USDT-PERP")
]


class Nothing(Request, frozen=True, kw_only=True):
    """A request without parameters."""


class OfExchange(Request, frozen=True, kw_only=True):
    """A request about one exchange, or (left out) all."""

    exchange: Exchange = None


class Mutation(Request, frozen=True, kw_only=True):
    """A request that changes something."""

    idempotency_key: IdempotencyKey = None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, in words."""

    message: str


class OfMarket(msgspec.Struct, frozen=True, kw_only=True):
    """The base of every answer about one market: where its data is from, and how old it is.

    *timestamp* is what the data shows, by the exchange's clock, *age_ms* how long ago that is.
    *source* says what the exchange is, such as "simulated".
    """

    exchange: str
    pair: str
    timestamp: str
    source: str
    age_ms: float


class OfWholeExchange(msgspec.Struct, frozen=True, kw_only=True):
    """The base of every answer about an exchange as a whole: the fields mean what they do in
    `OfMarket`."""

    exchange: str
    timestamp: str
    source: str
    age_ms: float
