"""The MCP server: its tools, and the application that serves them over HTTP."""

from collections.abc import Sequence

from fastmcp import FastMCP
from fastmcp.server.http import StarletteWithLifespan

from trading_mcp.api.context import ApiContext
from trading_mcp.api.mcp.catalogue import Entry
from trading_mcp.api.mcp.tools import tool
from trading_mcp.api.settings import ServerSettings

NAME = "trading-mcp"
INSTRUCTIONS = (
    "A trading server. Begin with bot_status, which also says whose market it trades. Before an "
    "order, check_risk_limits tells whether it would pass. Give every call that changes something "
    "an idempotency_key: repeated with the same key it has no second effect. An error says in "
    "`retriable` whether to try again and in `requires_human` whether to ask your user; with "
    "outcome `unknown` an order may have reached the exchange, so look before you repeat it. "
    "Times are ISO 8601 UTC, amounts in base currency, prices and money in quote currency."
)


def build_mcp(context: ApiContext, entries: Sequence[Entry]) -> FastMCP[None]:
    """Return the server with a tool for each of *entries*."""
    server: FastMCP[None] = FastMCP(
        NAME,
        instructions=INSTRUCTIONS,
        version=context.version,
        mask_error_details=True,
    )
    for entry in entries:
        operation = context.operations[entry.name]
        server.add_tool(tool(entry, operation, context.settings.mcp_text))
    return server


def mcp_app(server: FastMCP[None], settings: ServerSettings) -> StarletteWithLifespan:
    """Return *server* as an application to be mounted; whoever mounts it runs its lifespan."""
    return server.http_app(
        path="/",
        host_origin_protection=True,
        allowed_hosts=list(settings.allowed_hosts),
        allowed_origins=list(settings.allowed_origins),
    )


async def warm_up(server: FastMCP[None], entries: Sequence[Entry]) -> None:
    """List the tools and call one: the first time holds up everything else for a third of a
    second."""
    await server.list_tools()
    for entry in entries:
        if entry.annotations["readOnlyHint"] and not entry.input_schema.get("required"):
            await server.call_tool(entry.name, {})
            return
