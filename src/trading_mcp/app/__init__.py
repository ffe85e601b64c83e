"""The composition root: builds the parts and joins them. The only place that knows which."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
_PLACES = {"registry": "access", "FAILPOINT": "engine", "Server": "engine", "running": "engine"}


def __getattr__(name: str) -> Any:
    """Import what is asked for: a command that only reads candles needs no engine."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES.get(name, 'faces')}"), name)
