"""JSON schemas as agents read them: each word of them costs attention on every turn.

An input's says all that a caller must know: what is required, kinds, choices, numeric bounds,
defaults. An output's names the fields and their kinds. It promises less than the answer keeps, so
that every answer conforms. What a type names in `unlisted` is left out, and taken or told all the
same.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

Schema = dict[str, Any]
_REFERENCE = "#/$defs/{name}"
_ENDLESS = 1e9
"""A bound beyond this, or nearer to zero than its inverse, is there to keep nonsense out: an agent
is told no bound, or that zero is too little."""
_BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")

INSTRUCTED = ("exchange", "interval", "cursor", "idempotency_key")
"""Parameters of many tools whose meaning the server's instructions tell, once for all."""
EVERYWHERE = ("source", "age_ms")
"""Fields of every answer about a market, told there too."""


def asked_of(kind: type[msgspec.Struct]) -> Schema:
    """Return the input schema of a request: what must be given first, the idempotency key last."""
    whole = _plain_schema(kind)
    fields, required = _spoken_of(kind, whole["properties"]), whole.get("required", [])
    order = sorted(fields, key=lambda name: (name not in required, name == "idempotency_key"))
    asked: Schema = {
        "type": "object",
        "properties": {name: _parameter(name, fields[name]) for name in order},
    }
    if required:
        asked["required"] = [name for name in order if name in required]
    return {**asked, "additionalProperties": False}


def told_by(kind: type[msgspec.Struct], *, in_depth: bool) -> Schema:
    """Return the output schema of an answer: its fields and, *in_depth*, the names within them."""
    whole = _plain_schema(kind)["properties"]
    unsaid = {*EVERYWHERE, *getattr(kind, "unlisted", ())}
    fields = {name: of for name, of in whole.items() if name not in unsaid}
    return _object({name: _told(of, in_depth=in_depth) for name, of in fields.items()})


def _spoken_of(kind: type[msgspec.Struct], fields: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return *fields* without what is better said otherwise."""
    # A market has one name that says it all: BTC-USDT-PERP. The field is taken all the same.
    unsaid = {"market_type"} if fields.keys() & {"pair", "symbol"} else set()
    unsaid |= set(getattr(kind, "unlisted", ()))
    return {name: of for name, of in fields.items() if name not in unsaid}


def _parameter(name: str, shape: Schema) -> Schema:
    asked = _asked(shape)
    return {k: of for k, of in asked.items() if k != "description" or name not in INSTRUCTED}


@functools.cache
def _plain_schema(kind: type[msgspec.Struct]) -> Schema:
    """Return the schema of *kind* with everything in its place, and no references."""
    [root], parts = msgspec.json.schema_components([kind], ref_template=_REFERENCE)
    plain: Schema = _resolved(root, parts)
    return plain


def _resolved(shape: Any, parts: Mapping[str, Any]) -> Any:
    match shape:
        case {"$ref": str(reference)}:
            return _resolved(parts[reference.rpartition("/")[2]], parts)
        case dict():
            return {key: _resolved(part, parts) for key, part in shape.items()}
        case list():
            return [_resolved(part, parts) for part in shape]
        case _:
            return shape


def _asked(shape: Schema) -> Schema:
    """Return a parameter's schema, without what an agent need not know."""
    if "anyOf" in shape and shape.get("default", ...) is None:  # left out says the same as null
        kinds = [kind for kind in shape["anyOf"] if kind != {"type": "null"}]
        also = {key: of for key, of in shape.items() if key not in ("anyOf", "default")}
        shape = {**also, **kinds[0]} if len(kinds) == 1 else {**also, "anyOf": kinds}
    if "enum" in shape:  # some models' providers take no enum without a type
        shape = {"type": "string", **shape}
    if 0 < shape.get("minimum", 0) < 1 / _ENDLESS:
        shape = {**shape, "exclusiveMinimum": 0, "minimum": None}
    said = {key: _SAID[key](shape[key]) for key in _SAID if shape.get(key) is not None}
    return {key: of for key, of in said.items() if key not in _BOUNDS or abs(of) <= _ENDLESS}


def _same(value: Any) -> Any:
    return value


def _short(number: Any) -> Any:
    return int(number) if isinstance(number, float) and number.is_integer() else number


_SAID: Mapping[str, Callable[[Any], Any]] = {
    "type": _same,
    "description": lambda text: " ".join(text.split()),
    "enum": _same,
    "minimum": _short,
    "exclusiveMinimum": _short,
    "maximum": _short,
    "exclusiveMaximum": _short,
    "maxItems": _same,
    "default": _short,
    "items": _asked,
    "anyOf": lambda kinds: [_asked(kind) for kind in kinds],
    "properties": lambda fields: {name: _asked(of) for name, of in fields.items()},
    "required": _same,
    "additionalProperties": lambda of: _asked(of) if isinstance(of, dict) else of,
}


def _told(shape: Schema, *, in_depth: bool) -> Schema:
    """Return an answer's field: its kind and, *in_depth*, the names of what it holds."""
    if "anyOf" in shape:
        kinds = [_told(kind, in_depth=False) for kind in shape["anyOf"]]
        return {"type": [kind["type"] for kind in kinds]} if all(kinds) else {}
    if "enum" in shape:
        return {"type": "string"}
    told = {"type": shape["type"]} if "type" in shape else {}
    if in_depth and "properties" in shape:
        return _object({name: {} for name in shape["properties"]})
    if in_depth and "properties" in shape.get("items", {}):
        return {**told, "items": _object({name: {} for name in shape["items"]["properties"]})}
    return told


def _object(fields: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "properties": dict(fields)}
