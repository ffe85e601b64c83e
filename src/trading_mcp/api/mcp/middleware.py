"""What a tool call passes on its way."""

import difflib
from collections.abc import Mapping, Sequence

import msgspec
from fastmcp.exceptions import NotFoundError, PromptError
from fastmcp.prompts import PromptResult
from fastmcp.server.context import Context
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools import Tool, ToolResult
from mcp.types import CallToolRequestParams, GetPromptRequestParams, ListToolsRequest

from trading_mcp.api.errors import LONGEST
from trading_mcp.api.mcp.tools import PlainTool, refused
from trading_mcp.api.mcp.toolsets import WHERE, why_hidden
from trading_mcp.api.settings import McpSettings
from trading_mcp.domain.errors import NotFound
from trading_mcp.services.operations import Operation

OnCall = CallNext[CallToolRequestParams, ToolResult]
Called = MiddlewareContext[CallToolRequestParams]
OnPrompt = CallNext[GetPromptRequestParams, PromptResult]
Prompted = MiddlewareContext[GetPromptRequestParams]


class UnknownTools(Middleware):
    """Says of a tool that is not there whether there is one, and why it is not offered."""

    def __init__(self, operations: Mapping[str, Operation], settings: McpSettings):
        self._operations, self._settings = operations, settings

    async def on_call_tool(self, context: Called, call_next: OnCall) -> ToolResult:
        """Pass the call on; put the documented error in place of FastMCP's own for no tool."""
        try:
            return await call_next(context)
        except NotFoundError:
            name = context.message.name
            return _unknown(name, self._hint(name))

    def _hint(self, name: str) -> str:
        if operation := self._operations.get(name):
            return why_hidden(operation, self._settings)
        near = difflib.get_close_matches(name[:64], self._operations, n=1)
        return f"Did you mean {near[0]}?" if near else "tools/list has those there are."


class WholePrompts(Middleware):
    """Says what a prompt lacks, which FastMCP keeps to itself."""

    async def on_get_prompt(self, context: Prompted, call_next: OnPrompt) -> PromptResult:
        """Pass on what has every argument that it needs."""
        asked, server = context.message, context.fastmcp_context
        assert server is not None
        prompt = await server.fastmcp.get_prompt(asked.name)
        needed = [a.name for a in (prompt.arguments or () if prompt else ()) if a.required]
        if missing := [name for name in needed if name not in (asked.arguments or {})]:
            raise PromptError(f"{asked.name}: {', '.join(missing)} must be given")
        return await call_next(context)


class PassedOn(Middleware):
    """Lists the tools of the server beyond a bridge as that one does: those *settings* names."""

    def __init__(self, settings: McpSettings):
        self._settings = settings

    async def on_list_tools(
        self,
        context: MiddlewareContext[ListToolsRequest],
        call_next: CallNext[ListToolsRequest, Sequence[Tool]],
    ) -> Sequence[Tool]:
        """List what is left."""
        known = await self._of_toolsets(context.fastmcp_context)
        return [_plain(tool) for tool in await call_next(context) if self._passes(tool, known)]

    async def on_call_tool(self, context: Called, call_next: OnCall) -> ToolResult:
        """Refuse what is not listed."""
        name, server = context.message.name, context.fastmcp_context
        assert server is not None
        tool = await server.fastmcp.get_tool(name)
        if tool and not self._passes(tool, await self._of_toolsets(server)):
            return _unknown(name, "This bridge was started with --toolsets or --read-only.")
        return await call_next(context)

    def _passes(self, tool: Tool, known: set[str]) -> bool:
        harmless = bool(tool.annotations and tool.annotations.read_only_hint)
        return (harmless or not self._settings.read_only) and (
            tool.name in known or not self._settings.toolsets
        )

    async def _of_toolsets(self, server: Context | None) -> set[str]:
        """Return the tools of the chosen toolsets, as the server beyond tells them."""
        if not self._settings.toolsets:
            return set()
        assert server is not None
        told = await server.fastmcp.read_resource(WHERE)
        toolsets = msgspec.json.decode(told.contents[0].content, type=dict[str, list[str]])
        return {tool for name in self._settings.toolsets for tool in toolsets.get(name, ())}


def _plain(tool: Tool) -> Tool:
    listed = ("name", "title", "description", "parameters", "output_schema", "annotations")
    return PlainTool(**{field: getattr(tool, field) for field in listed})


def _unknown(name: str, hint: str) -> ToolResult:
    return refused(NotFound(f"Unknown tool: {name}"[:LONGEST], hint=hint))
