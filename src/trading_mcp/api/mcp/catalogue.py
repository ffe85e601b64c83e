"""The tools as they are listed, derived from the operations: names, schemas, hints."""

from collections.abc import Iterable
from typing import Any

import msgspec

from trading_mcp.api.mcp.schemas import asked_of, told_by
from trading_mcp.api.mcp.toolsets import TOOLSETS, why_hidden
from trading_mcp.api.settings import McpSettings
from trading_mcp.services.operations import Operation

EVERYTHING = McpSettings()


class Entry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A tool as listed."""

    name: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    annotations: dict[str, bool]
    toolset: str
    scope: str


def catalogue(operations: Iterable[Operation], settings: McpSettings = EVERYTHING) -> list[Entry]:
    """Return what is offered as tools: toolset by toolset, in each as they are declared."""
    offered = [operation for operation in operations if not why_hidden(operation, settings)]
    order = list(TOOLSETS)
    return [_entry(one) for one in sorted(offered, key=lambda one: order.index(one.toolset))]


def _entry(operation: Operation) -> Entry:
    return Entry(
        name=operation.name,
        description=operation.description,
        input_schema=asked_of(operation.request),
        output_schema=told_by(operation.answer, in_depth=operation.read_only),
        annotations={
            "readOnlyHint": operation.read_only,
            "destructiveHint": operation.destructive,
            "idempotentHint": operation.idempotent,
            # All of them are about an exchange, which is beyond our control.
            "openWorldHint": True,
        },
        toolset=operation.toolset,
        scope=operation.scope,
    )
