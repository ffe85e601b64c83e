"""Reading what callers send into typed requests."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from trading_mcp.api.errors import refusal
from trading_mcp.domain.errors import InvalidParameter

T = TypeVar("T")


def read_json(body: bytes, kind: type[T]) -> T:
    """Read JSON as *kind*; nothing is converted. Raises TradingError."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise refusal(error, kind) from None


def read_fields(fields: Mapping[str, Any], kind: type[T]) -> T:
    """Read *fields* as *kind*; nothing is converted. Raises TradingError."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise refusal(error, kind) from None


def read_arguments(arguments: Mapping[str, Any], kind: type[T]) -> T:
    """Read a tool's arguments as *kind*; agents may write numbers as text. Raises TradingError."""
    try:
        request = msgspec.convert(arguments, kind, strict=False)
    except msgspec.ValidationError as error:
        raise refusal(error, kind) from None
    # Text converts to infinity, which JSON itself cannot say.
    for path in _not_finite(msgspec.to_builtins(request), "$"):
        raise InvalidParameter(f"{path}: a finite number is expected", field=path)
    return request


def finite(value: Any) -> Any:
    """Return *value* (JSON-like) with null for what is not a number."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def _not_finite(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, float) and not math.isfinite(value):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _not_finite(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _not_finite(item, f"{path}[{index}]")
