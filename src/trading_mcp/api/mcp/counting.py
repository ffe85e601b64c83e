"""Counting what agents call."""

from collections.abc import Container

from fastmcp.server.middleware import Middleware
from fastmcp.tools import ToolResult

from trading_mcp.api.mcp.middleware import Called, OnCall
from trading_mcp.api.meters import Meters


class Counted(Middleware):
    """Counts each call by its tool and what came of it; tools that are none are all alike."""

    def __init__(self, meters: Meters, tools: Container[str]):
        self._meters, self._tools = meters, tools

    async def on_call_tool(self, context: Called, call_next: OnCall) -> ToolResult:
        """Pass the call on and count it."""
        name, result = context.message.name, "INTERNAL_ERROR"
        try:
            answer = await call_next(context)
            told = answer.structured_content or {}
            result = str(told.get("code", "ERROR")) if answer.is_error else "ok"
        finally:
            self._meters.called(name if name in self._tools else "unknown", result)
        return answer
