"""JSON schemas for people: a type in words, an example of it."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
_BOUNDS = {
    "exclusiveMinimum": "> {}",
    "minimum": "≥ {}",
    "exclusiveMaximum": "< {}",
    "maximum": "≤ {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}
_EXAMPLES = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}

_BY_NAME = {
    "pair": "BTC-USDT",
    "symbol": "BTC-USDT",
    "exchange": "sim",
    "strategy": "rsi_scalping",
    "id": "pos_123",
    "position_id": "pos_123",
    "order_id": "ord_123",
    "uptime": "2h30m15s",
    "reason": "Manual activation",
    "timestamp": "2025-11-16T10:00:00Z",
    "open_time": "2025-11-16T10:00:00Z",
    "close_time": "2025-11-16T10:15:00Z",
    "last_update": "2025-11-16T10:00:00Z",
}


class Words:
    """Puts the schemas of one document, with its *components*, into words."""

    def __init__(self, components: Mapping[str, Schema]):
        self._components = components

    def resolved(self, schema: Schema) -> Schema:
        """Return the object that *schema* refers to, or itself; of alternatives the first."""
        if "$ref" in schema:
            return self.resolved(self._components[schema["$ref"].rpartition("/")[2]])
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self.resolved(schema[several][0])
        return schema

    def kind(self, schema: Schema) -> str:
        """Return what is expected, such as `number > 0 or null`."""
        if "$ref" in schema:
            return self.kind(self.resolved(schema))
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return " or ".join(map(self.kind, schema[several]))
        if "enum" in schema:
            return " | ".join(map(str, schema["enum"]))
        name = str(schema.get("type", "anything"))
        if name == "array":
            name = f"list of {self.kind(schema.get('items', {}))}"
        return " ".join([name, *self._bounds(schema)])

    def taken(self, schema: Schema) -> str:
        """Return the kind, and what stands in for what is left out."""
        usual = schema.get("default")
        told = ", ".join(map(str, usual)) if isinstance(usual, list | tuple) else str(usual or "")
        return f"{self.kind(schema)}; {told} if left out" if told else self.kind(schema)

    def example(self, schema: Schema, name: str = "") -> Any:
        """Return a value of that shape, one that suits a field called *name*."""
        schema = self.resolved(schema)
        match schema.get("type"):
            case "object" if "properties" in schema:
                return {key: self.example(of, key) for key, of in schema["properties"].items()}
            case "object":
                return {"BTC-USDT": self.example(schema.get("additionalProperties") or {})}
            case "array":
                return [self.example(schema.get("items", {}), name.removesuffix("s"))]
            case _ if "enum" in schema:
                return schema["enum"][0]
            case simple:
                return _BY_NAME.get(name, _EXAMPLES.get(str(simple)))

    def _bounds(self, schema: Schema) -> list[str]:
        return [words.format(f"{schema[b]:g}") for b, words in _BOUNDS.items() if b in schema]
