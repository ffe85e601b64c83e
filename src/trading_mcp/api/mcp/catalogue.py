"""The tools as they are listed, derived from the operations: names, schemas, hints."""

from collections.abc import Iterable
from typing import Any

import msgspec

from trading_mcp.services.operations import Operation

_DEFINITIONS = "#/$defs/{name}"


class Entry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A tool as listed."""

    name: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    annotations: dict[str, bool]
    toolset: str
    scope: str


def catalogue(operations: Iterable[Operation]) -> list[Entry]:
    """Return what is offered as tools, in the operations' order."""
    return [_entry(operation) for operation in operations if not operation.rest_only]


def _entry(operation: Operation) -> Entry:
    return Entry(
        name=operation.name,
        description=operation.description,
        input_schema=schema(operation.request),
        output_schema=schema(operation.answer),
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


def schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON schema of *kind* with the object itself at the root, as MCP wants it."""
    [root], found = msgspec.json.schema_components([kind], ref_template=_DEFINITIONS)
    name = root["$ref"].rpartition("/")[2]
    # A request's docstring is for us; what an agent must know, the tool's description says.
    shape = {k: v for k, v in found[name].items() if k not in ("title", "description")}
    others = {other: part for other, part in found.items() if other != name}
    return {**shape, "$defs": others} if others else shape
