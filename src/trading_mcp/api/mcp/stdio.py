"""MCP over standard input and output: the server itself, or a bridge to one that runs."""

from fastmcp.server import create_proxy

from trading_mcp.api.context import ApiContext
from trading_mcp.api.mcp.catalogue import catalogue
from trading_mcp.api.mcp.server import NAME, build_mcp


async def serve_stdio(context: ApiContext) -> None:
    """Serve the tools until standard input ends. Nothing else may write to standard output."""
    server = build_mcp(context, catalogue(context.operations.values()))
    await server.run_stdio_async(show_banner=False)


async def bridge_stdio(url: str) -> None:
    """Pass every message on to the MCP server at *url* (its `/mcp`) until standard input ends."""
    # The newest protocol keeps no session, so that each call costs one request and none is left
    # behind; what the client at our other end speaks does not matter to it.
    proxy = create_proxy(
        url, mode="auto", name=NAME, identity="upstream", provider_error_strategy="raise"
    )
    await proxy.run_stdio_async(show_banner=False)
