"""5. Execution and performance."""

from typing import Annotated

from litestar.params import QueryParameter

from trading_mcp.api.rest.answers import Data, Listing
from trading_mcp.api.rest.routing import Call, parameter, question
from trading_mcp.services.shapes.execution import (
    ExecutionHistoryRequest,
    Latency,
    OfOrders,
    Performance,
    Queue,
    QueueRequest,
)
from trading_mcp.services.shapes.orders import OrderView

SECTION = "Execution & Performance"
Exchange = Annotated[str | None, parameter(QueryParameter, OfOrders, "exchange")]
Limit = Annotated[int, parameter(QueryParameter, ExecutionHistoryRequest, "limit")]
Listed = Annotated[int, parameter(QueryParameter, QueueRequest, "limit")]


@question("/api/v1/scalping/execution/latency", "get_latency", SECTION)
async def latency(request: Call, exchange: Exchange = None) -> Data[Latency]:
    """Get how long the exchange takes to accept orders."""
    return Data(data=await request.ask(exchange=exchange))


@question("/api/v1/scalping/execution/history", "get_execution_history", SECTION)
async def history(
    request: Call, exchange: Exchange = None, limit: Limit = 50
) -> Listing[OrderView]:
    """Get the newest orders."""
    found = await request.ask(exchange=exchange, limit=limit)
    return Listing(data=found.orders, count=found.count)


@question("/api/v1/execution/queue", "get_execution_queue", SECTION)
async def queue(request: Call, exchange: Exchange = None, limit: Listed = 100) -> Data[Queue]:
    """Get the orders that are under way, what lowers risk first."""
    return Data(data=await request.ask(exchange=exchange, limit=limit))


@question("/api/v1/execution/performance", "get_execution_performance", SECTION)
async def performance(request: Call, exchange: Exchange = None) -> Data[Performance]:
    """Get how fast and how well orders are carried out."""
    return Data(data=await request.ask(exchange=exchange))


ROUTES = [latency, history, queue, performance]
