"""Whether a message has the fields and the types of another."""

from collections.abc import Iterator
from typing import Any


def missing(example: Any, ours: Any, path: str = "") -> Iterator[str]:
    """Yield what *example* has and *ours* has not, or has in another type.

    A null says nothing of a type; of a list the first item counts, for all of ours.
    """
    if example is None or (ours is None and not isinstance(example, dict | list)):
        return
    if _kind(example) != _kind(ours):
        yield f"{path or 'all'}: {_kind(example)} there, {_kind(ours)} here"
    elif isinstance(example, dict):
        for key, value in example.items():
            if key in ours:
                yield from missing(value, ours[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}: not here"
    elif isinstance(example, list) and example:
        yield from _missing_in_list(example, ours, path)


def _missing_in_list(example: list[Any], ours: list[Any], path: str) -> Iterator[str]:
    if not ours:
        yield f"{path}: empty here"
    elif _is_row(example) and _is_row(ours):
        if len(example) != len(ours):
            yield f"{path}: {len(example)} values there, {len(ours)} here"
        for place, (one, other) in enumerate(zip(example, ours, strict=False)):
            yield from missing(one, other, f"{path}[{place}]")
    else:
        for item in ours:
            yield from missing(example[0], item, f"{path}[]")


def _is_row(values: list[Any]) -> bool:
    return all(not isinstance(value, dict | list) for value in values) and len(values) > 1


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "a truth value"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "an object"
    return "nothing"
