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
        input_schema=_without_nulls(schema(operation.request)),
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
    tidy = {part: _tidied(shape) for part, shape in found.items()}
    whole = tidy.pop(name)
    # A request's docstring is for us; what an agent must know, the tool's description says.
    whole.pop("description", None)
    return {**whole, "$defs": tidy} if tidy else whole


def _tidied(shape: Any) -> Any:
    """Leave out what costs an agent's attention and tells it nothing."""
    if isinstance(shape, list):
        return [_tidied(item) for item in shape]
    if not isinstance(shape, dict):
        return shape
    kept = {key: _tidied(value) for key, value in shape.items()}
    if isinstance(kept.get("title"), str):
        del kept["title"]
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(kept["description"].split())
    if isinstance(kept.get("properties"), dict):
        kept["properties"] = _ordered(kept["properties"], kept.get("required", []))
    return kept


def _without_nulls(asked: dict[str, Any]) -> dict[str, Any]:
    """Return a request's schema without null for what may be left out: that says the same."""
    fields = {name: _without_null(field) for name, field in asked["properties"].items()}
    return {**asked, "properties": fields}


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" not in field or field.get("default", ...) is not None:
        return field
    [kind] = (kind for kind in field["anyOf"] if kind != {"type": "null"})
    kept = {key: of for key, of in field.items() if key not in ("anyOf", "default")}
    return {**kept, **kind}


def _ordered(fields: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """Put first what must be given, and the idempotency key last."""
    order = sorted(fields, key=lambda name: (name not in required, name == "idempotency_key"))
    return {name: fields[name] for name in order}
