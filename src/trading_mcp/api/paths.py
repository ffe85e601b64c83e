"""Where paths lead: the gateway's prefixes, MCP's several addresses, and the front door."""

import re

from trading_mcp.api.asgi import Scope

MCP = "/mcp"
TOOLS = "/api/mcp/tools"
DOCS = "/docs"
HEALTH = "/health"
INFO = "/api/gateway/info"
_SCALPING = "/api/scalping/"
_ALIASES = {"/api/mcp": MCP, "/api/mcp/mcp": MCP}


def destination(scope: Scope, *, on_mcp_port: bool) -> str:
    """Return the path that really answers *scope*'s request."""
    path = _plain(scope["path"])
    if path == "/":
        return _front_door(scope)
    if path == "/tools" and on_mcp_port:
        return TOOLS
    if path.startswith(_SCALPING):
        return path[len(_SCALPING) - 1 :]
    return _ALIASES.get(path, path)


def _plain(path: str) -> str:
    """Return *path* as the routes have it. They are found by `//mcp/` too, where what goes by the
    path (whose calls are counted how, what an agent may do) would miss them."""
    return re.sub("//+", "/", path).rstrip("/") or "/"


def _front_door(scope: Scope) -> str:
    """MCP clients speak MCP at `/`; people who open it in a browser want to read."""
    if scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD"):
        return MCP
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    if b"text/event-stream" in accepted:
        return MCP
    return DOCS if b"text/html" in accepted else INFO
