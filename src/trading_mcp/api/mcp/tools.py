"""A FastMCP tool that runs an operation."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from fastmcp.tools import Tool, ToolResult
from mcp.types import Tool as ListedTool
from mcp.types import ToolAnnotations
from pydantic import PrivateAttr

from trading_mcp.api.errors import problem
from trading_mcp.api.mcp.access import caller
from trading_mcp.api.mcp.catalogue import Entry
from trading_mcp.api.mcp.progress import progress
from trading_mcp.api.mcp.summary import summary
from trading_mcp.api.reading import finite, read_arguments
from trading_mcp.services.operations import Caller, Operation

Text = Literal["summary", "json"]


class PlainTool(Tool):
    """A tool that is listed without FastMCP's notes of its own: they cost agents attention."""

    def to_mcp_tool(self, **overrides: Any) -> ListedTool:
        """Return the tool as listed."""
        return super().to_mcp_tool(**{"_meta": None, **overrides})


class OperationTool(PlainTool):
    """Reads the arguments, runs the operation, and tells its answer or its error."""

    _operation: Operation = PrivateAttr()
    _text: Text = PrivateAttr()

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        """Run the operation. Every error becomes a result, so that the agent can read it."""
        try:
            request = read_arguments(arguments, self._operation.request)
            answer = await self._answer(request, caller_of(request))
        except Exception as error:  # the boundary: an agent sees an error, never a traceback
            return refused(error)
        content = plain(answer)
        return ToolResult(self._told(content), content)

    async def _answer(self, request: Any, caller: Caller) -> Any:
        if not self._operation.tells_progress:
            return await self._operation.run(request, caller)
        with progress() as told:
            return await self._operation.run(request, msgspec.structs.replace(caller, told=told))

    def _told(self, content: dict[str, Any]) -> str:
        if self._text == "json":
            return msgspec.json.encode(content).decode()
        return summary(content)


def tool(entry: Entry, operation: Operation, text: Text) -> OperationTool:
    """Return *operation* as the tool that *entry* lists."""
    made = OperationTool(
        name=entry.name,
        description=entry.description,
        tags={entry.toolset},
        parameters=entry.input_schema,
        output_schema=entry.output_schema,
        annotations=ToolAnnotations.model_validate(entry.annotations),
    )
    made._operation, made._text = operation, text
    return made


def refused(error: Exception) -> ToolResult:
    """Return *error* as a tool's result."""
    told = problem(error)
    return ToolResult(told.text(), plain(told.content()), is_error=True)


def caller_of(request: Any) -> Caller:
    """Return on whose behalf *request* runs. Raises Unauthorized, TooManyRequests."""
    return caller(getattr(request, "idempotency_key", None))


def plain(answer: Mapping[str, Any] | msgspec.Struct) -> dict[str, Any]:
    """Return *answer* as JSON has it."""
    told: dict[str, Any] = finite(msgspec.to_builtins(answer))
    return told
