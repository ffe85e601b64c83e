"""MCP over standard input and output: the server itself, or a bridge to one that runs."""

from typing import Any

import httpx2
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.server import create_proxy
from mcp.shared._httpx_utils import MCP_DEFAULT_SSE_READ_TIMEOUT, MCP_DEFAULT_TIMEOUT

from trading_mcp.api.context import ApiContext
from trading_mcp.api.mcp.access import STDIO, from_inside
from trading_mcp.api.mcp.catalogue import EVERYTHING, catalogue
from trading_mcp.api.mcp.middleware import PassedOn
from trading_mcp.api.mcp.server import NAME, build_mcp
from trading_mcp.api.settings import McpSettings


async def serve_stdio(context: ApiContext) -> None:
    """Serve the tools until standard input ends. Nothing else may write to standard output."""
    server = build_mcp(context, catalogue(context.operations.values(), context.mcp))
    with from_inside(STDIO):
        await server.run_stdio_async(show_banner=False)


async def bridge_stdio(
    url: str, settings: McpSettings = EVERYTHING, *, key: str | None = None
) -> None:
    """Pass every message on to the MCP server at *url* (its `/mcp`) until standard input ends.

    Of the tools that it offers, those are passed on that *settings* names too. *key* is what the
    server is shown: an API key or a token.
    """
    # The newest protocol keeps no session, so that each call costs one request and none is left
    # behind; what the client at our other end speaks does not matter to it.
    there = StreamableHttpTransport(url, auth=key, httpx_client_factory=_direct)
    proxy = create_proxy(
        there, mode="auto", name=NAME, identity="upstream", provider_error_strategy="raise"
    )
    proxy.add_middleware(PassedOn(settings))
    await proxy.run_stdio_async(show_banner=False)


def _direct(
    headers: dict[str, str] | None = None,
    timeout: httpx2.Timeout | None = None,
    auth: httpx2.Auth | None = None,
    **also: Any,
) -> httpx2.AsyncClient:
    """Return a client that goes past the environment's proxies: the server is on this machine, and
    they would read the key."""
    waits = timeout or httpx2.Timeout(MCP_DEFAULT_TIMEOUT, read=MCP_DEFAULT_SSE_READ_TIMEOUT)
    return httpx2.AsyncClient(headers=headers, timeout=waits, auth=auth, trust_env=False, **also)
