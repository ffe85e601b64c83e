"""The composition root: builds the parts and joins them. The only place that knows which."""

from trading_mcp.app.access import registry
from trading_mcp.app.engine import FAILPOINT, Server, running
from trading_mcp.app.faces import context, run_bridge, run_server, run_stdio

__all__ = [
    "FAILPOINT",
    "Server",
    "context",
    "registry",
    "run_bridge",
    "run_server",
    "run_stdio",
    "running",
]
