"""5. Execution and performance."""

from typing import Annotated

from litestar.params import QueryParameter

from trading_mcp.api.rest.answers import Data, Listing
from trading_mcp.api.rest.routing import Call, parameter, question
from trading_mcp.services.shapes.execution import ExecutionHistoryRequest, Latency
from trading_mcp.services.shapes.orders import OrderView

SECTION = "Execution & Performance"
Limit = Annotated[int, parameter(QueryParameter, ExecutionHistoryRequest, "limit")]


@question("/api/v1/scalping/execution/latency", "get_latency", SECTION)
async def latency(request: Call) -> Data[Latency]:
    """Get how long the exchange takes to answer orders."""
    return Data(data=await request.ask())


@question("/api/v1/scalping/execution/history", "get_execution_history", SECTION)
async def history(request: Call, limit: Limit = 50) -> Listing[OrderView]:
    """Get the newest orders."""
    found = await request.ask(limit=limit)
    return Listing(data=found.orders, count=found.count)


ROUTES = [latency, history]
