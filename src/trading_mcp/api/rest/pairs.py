"""Pairs beside one another."""

from typing import Annotated

from litestar.params import QueryParameter

from trading_mcp.api.rest.answers import Data
from trading_mcp.api.rest.routing import Call, parameter, question
from trading_mcp.services.shapes.pairs import CorrelationAnswer, CorrelationRequest

SECTION = "Pairs"
Exchange = Annotated[str | None, parameter(QueryParameter, CorrelationRequest, "exchange")]
Interval = Annotated[str, parameter(QueryParameter, CorrelationRequest, "interval")]
Window = Annotated[int, parameter(QueryParameter, CorrelationRequest, "window")]
Pairs = Annotated[
    str | None,
    QueryParameter(
        name="pairs",
        max_length=1000,
        description="2 to 20, separated by commas; left out: the traded pairs",
    ),
]


@question("/api/v1/pairs/correlation", "get_correlation", SECTION)
async def correlation(
    request: Call,
    exchange: Exchange = None,
    pairs: Pairs = None,
    interval: Interval = "1h",
    window: Window = 200,
) -> Data[CorrelationAnswer]:
    """Get how much pairs move together."""
    names = None if pairs is None else [name.strip() for name in pairs.split(",")]
    answer = await request.ask(exchange=exchange, pairs=names, interval=interval, window=window)
    return Data(data=answer)


ROUTES = [correlation]
