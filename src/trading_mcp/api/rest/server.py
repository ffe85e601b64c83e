"""The server itself: whether it is well, what it offers and where, the list of its tools."""

from typing import Any

import msgspec
from litestar import Response, get

from trading_mcp.api.context import ApiContext, Listeners
from trading_mcp.api.errors import problem
from trading_mcp.api.mcp.catalogue import Entry
from trading_mcp.api.rest.answers import Data, Listing
from trading_mcp.api.rest.routing import PRINCIPAL, REFUSALS, Call
from trading_mcp.services.operations import Caller
from trading_mcp.services.shapes.common import Nothing
from trading_mcp.services.shapes.status import Health
from trading_mcp.services.views import duration

SERVICE = "trading-mcp"
SECTION = "Server"
PATHS = {
    "/health": "Whether the server is well; 503 when it is not",
    "/api/gateway/info": "What the server offers, and where",
    "/api/scalping/*": "REST, as on the REST listener without this prefix",
    "/api/v1/*": "REST",
    "/ws": "WebSocket: positions, trades, metrics, alerts",
    "/mcp": "MCP, streamable HTTP",
    "/api/mcp": "MCP",
    "/api/mcp/tools": "The MCP tools as plain JSON",
    "/": "MCP for MCP clients, this documentation for browsers",
    "/docs": "REST documentation; /docs/openapi.json for machines",
}


class ServerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The server's health: the engine's, or unhealthy if the engine cannot say."""

    status: str
    service: str
    version: str
    uptime: str
    engine_running: bool
    errors: list[str]


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """What the server is. *listeners* has the addresses, *exchanges* where their data is from."""

    name: str
    version: str
    uptime: str
    listeners: dict[str, str]
    routes: dict[str, str]
    exchanges: dict[str, str]


@get("/health", operation_id="server_health", tags=[SECTION], responses=REFUSALS)
async def health(request: Call) -> Response[ServerHealth]:
    """Ask whether the server is well."""
    context: ApiContext = request.app.state.context
    engine = await _engine_health(context)
    told = ServerHealth(
        status=engine.status,
        service=SERVICE,
        version=context.version,
        uptime=duration(context.uptime_s()),
        engine_running=engine.running,
        errors=engine.errors,
    )
    return Response(told, status_code=503 if engine.status == "unhealthy" else 200)


async def _engine_health(context: ApiContext) -> Health:
    try:
        found: Health = await context.operations["get_health"].run(Nothing(), Caller(PRINCIPAL))
    except Exception as error:  # an engine that cannot even say so is not well
        return Health(
            status="unhealthy",
            running=False,
            uptime="",
            errors=[problem(error).error],
            timestamp="",
        )
    return found


@get("/api/gateway/info", operation_id="server_info", tags=[SECTION], responses=REFUSALS)
async def info(request: Call) -> Data[Info]:
    """Ask what the server offers, and where."""
    context: ApiContext = request.app.state.context
    listeners: Listeners = request.app.state.listeners
    return Data(
        data=Info(
            name=SERVICE,
            version=context.version,
            uptime=duration(context.uptime_s()),
            listeners=listeners.urls,
            routes=PATHS,
            exchanges=dict(context.exchanges),
        )
    )


@get("/api/mcp/tools", operation_id="list_mcp_tools", tags=[SECTION], responses=REFUSALS)
async def tools(request: Call) -> Listing[Entry]:
    """Get the MCP tools with their schemas."""
    entries: list[Entry] = request.app.state.tools
    return Listing(data=entries, count=len(entries))


ROUTES: list[Any] = [health, info, tools]
