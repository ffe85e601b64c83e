"""The hooks a plugin may implement. A new one needs a real plugin that uses it."""

import pluggy

from trading_mcp.strategy.base import Strategy

GROUP = "trading_mcp"
"""The name of the entry-point group, and of the project in pluggy's markers."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def register_strategies() -> list[type[Strategy]]:
    """Return the strategy classes this package provides. Called once, when it is loaded."""
    raise NotImplementedError
