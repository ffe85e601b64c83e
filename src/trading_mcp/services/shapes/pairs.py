"""Pairs beside one another."""

from typing import Annotated

from msgspec import Meta

from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import Exchange, Interval, OfWholeExchange, Pair


class CorrelationRequest(Request, frozen=True, kw_only=True):
    """Several markets of one exchange (left out: the traded ones), and the candles to look at."""

    exchange: Exchange = None
    pairs: Annotated[list[Pair], Meta(min_length=2, max_length=20)] | None = None
    interval: Interval = "1h"
    window: Annotated[int, Meta(ge=10, le=1000, description="Candles to look back")] = 200


class CorrelationAnswer(OfWholeExchange, frozen=True, kw_only=True):
    """Each pair's correlation with each other pair, -1 to 1; null where a price did not move.

    *samples* is how many candles all pairs have in common, *timestamp* the close of the newest.
    """

    matrix: dict[str, dict[str, float | None]]
    interval: str
    window: int
    samples: int
