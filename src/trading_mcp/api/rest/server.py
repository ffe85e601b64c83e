"""The server itself: whether it is well, what it offers and where, the list of its tools."""

from typing import Any

import msgspec
from litestar import Response, get
from msgspec import UNSET, UnsetType

from trading_mcp.api.access import PUBLIC, VISITOR, open_to
from trading_mcp.api.context import ApiContext, Listeners
from trading_mcp.api.errors import problem
from trading_mcp.api.mcp.catalogue import Entry
from trading_mcp.api.rest.answers import Data, Listing
from trading_mcp.api.rest.routing import REFUSALS, Call
from trading_mcp.domain.access import Principal
from trading_mcp.services.operations import Caller
from trading_mcp.services.shapes.common import Nothing
from trading_mcp.services.shapes.status import Health
from trading_mcp.services.views import duration

SERVICE = "trading-mcp"
SECTION = "Server"
OURSELVES = Caller("server", scopes=frozenset({"read"}))
READ = open_to("read")
PATHS = {
    "/health": "Whether the server is well; 503 when it is not",
    "/api/gateway/info": "What the server offers, and where",
    "/api/scalping/*": "REST, as on the REST listener without this prefix",
    "/api/v1/*": "REST",
    "/api/v1/auth/login": "A token for a user name and password",
    "/ws": "WebSocket: positions, trades, metrics, alerts",
    "/mcp": "MCP, streamable HTTP",
    "/api/mcp": "MCP",
    "/api/mcp/tools": "The MCP tools as plain JSON",
    "/": "MCP for MCP clients, this documentation for browsers",
    "/docs": "REST documentation; /docs/openapi.json for machines",
}


class ServerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The server's health: the engine's, or unhealthy if the engine cannot say.

    Where a login is required, those who have none are told only whether it is well.
    """

    status: str
    service: str
    version: str | UnsetType = UNSET
    uptime: str | UnsetType = UNSET
    engine_running: bool | UnsetType = UNSET
    errors: list[str] | UnsetType = UNSET


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """What the server is. *listeners* has the addresses, *exchanges* where their data is from."""

    name: str
    version: str
    uptime: str
    listeners: dict[str, str]
    routes: dict[str, str]
    exchanges: dict[str, str]


@get(
    "/health",
    operation_id="server_health",
    tags=[SECTION],
    responses=REFUSALS,
    opt=open_to(PUBLIC),
)
async def health(request: Call) -> Response[ServerHealth]:
    """Ask whether the server is well."""
    context: ApiContext = request.app.state.context
    engine = await _engine_health(context)
    told = ServerHealth(status=engine.status, service=SERVICE)
    if isinstance(request.scope.get(VISITOR), Principal):
        told = msgspec.structs.replace(
            told,
            version=context.version,
            uptime=duration(context.uptime_s()),
            engine_running=engine.running,
            errors=engine.errors,
        )
    return Response(told, status_code=503 if engine.status == "unhealthy" else 200)


async def _engine_health(context: ApiContext) -> Health:
    try:
        found: Health = await context.operations["get_health"].run(Nothing(), OURSELVES)
    except Exception as error:  # an engine that cannot even say so is not well
        return Health(
            status="unhealthy",
            running=False,
            uptime="",
            errors=[problem(error).error],
            timestamp="",
        )
    return found


@get("/api/gateway/info", operation_id="server_info", tags=[SECTION], responses=REFUSALS, opt=READ)
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


@get("/api/mcp/tools", operation_id="list_mcp_tools", tags=[SECTION], responses=REFUSALS, opt=READ)
async def tools(request: Call) -> Listing[Entry]:
    """Get the MCP tools that you may use, with their schemas."""
    scopes = request.principal.scopes
    entries = [entry for entry in request.app.state.tools if entry.scope in scopes]
    return Listing(data=entries, count=len(entries))


ROUTES: list[Any] = [health, info, tools]
