"""Which tools are offered. That is chosen when the server starts and does not change after."""

from collections.abc import Mapping

from trading_mcp.api.settings import McpSettings
from trading_mcp.services.operations import Operation

TOOLSETS: Mapping[str, str] = {
    "scalping": "the engine, its signals, trades with stop and target",
    "market": "prices, order books, candles, what an exchange offers",
    "analysis": "indicators, candlestick patterns, agreement of timeframes",
    "orders": "single orders: send, cancel, look up",
    "portfolio": "balances, positions and their stops, results",
    "risk": "limits, sizing, exposure, the kill switch",
}
"""What each toolset is for, in the order in which tools are listed."""

WHERE = "trading://toolsets"
"""The resource that tells which tools are in which toolset."""


def check(settings: McpSettings) -> None:
    """Raise ValueError if a toolset is named that there is not."""
    for name in settings.toolsets:
        if name not in TOOLSETS:
            raise ValueError(f"no toolset {name!r}; known: {', '.join(TOOLSETS)}")


def why_hidden(operation: Operation, settings: McpSettings) -> str:
    """Return why *operation* is not offered as a tool, and what to do; nothing if it is."""
    if operation.rest_only:
        return f"It is on REST only: {operation.rest_only}."
    if settings.read_only and not operation.read_only:
        return "The server was started with mcp.read_only: its tools change nothing."
    if settings.toolsets and operation.toolset not in settings.toolsets:
        return (
            f"It is in the toolset {operation.toolset}, which is not offered; whoever starts the "
            f"server can add it to mcp.toolsets or --toolsets."
        )
    return ""
