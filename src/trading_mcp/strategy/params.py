"""Parameters of strategies: built from what came from outside, and described to it."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.strategy.base import Params, Strategy

_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_PLAIN = (int, bool, str)
_UNKNOWN = re.compile(r"unknown field `(?P<field>[^`]*)`")


def build_params(cls: type[Strategy], settings: Mapping[str, Any]) -> Params:
    """Return the parameters of strategy *cls* with *settings*, and defaults for the rest.

    Raises:
        InvalidParameter: an unknown field, a wrong type, out of bounds, not finite, or at odds
            with another field. Where one field is wrong, the detail `field` holds its path.
    """
    # Mostly there is nothing to look for, and a search asks for thousands.
    for path in () if all(map(_is_plain, settings.values())) else _not_finite(settings):
        raise _objection(cls, f"Expected a finite number - at `${path}`")
    try:
        return msgspec.convert(settings, cls.params_type)
    except Exception as error:  # a plugin's own __post_init__ may raise anything at all
        raise _objection(cls, str(error)) from error


def params_schema(params_type: type[Params]) -> dict[str, Any]:
    """Return the JSON schema of *params_type* as one object, with its bounds and defaults.

    Raises:
        TypeError: a field has a type that JSON cannot describe.
    """
    (root,), parts = msgspec.json.schema_components([params_type], ref_template="#/$defs/{name}")
    schema: dict[str, Any] = parts.pop(root["$ref"].removeprefix("#/$defs/"))
    return schema | ({"$defs": parts} if parts else {})


def _is_plain(value: object) -> bool:
    kind = type(value)
    return math.isfinite(value) if kind is float else kind in _PLAIN  # type: ignore[arg-type]


def _not_finite(value: object, path: str = "") -> Iterator[str]:
    if isinstance(value, float) and not math.isfinite(value):
        yield path
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _not_finite(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _not_finite(inner, f"{path}[...]")


def _objection(cls: type[Strategy], message: str) -> InvalidParameter:
    path, unknown = _PATH.search(message), _UNKNOWN.search(message)
    places = [found[1] for found in (path, unknown) if found and found[1]]
    details = {"field": ".".join(places)} if places else {}
    known = ", ".join(cls.params_type.__struct_fields__)
    return InvalidParameter(f"{cls.name}: {message}", hint=f"It takes {known}.", **details)
