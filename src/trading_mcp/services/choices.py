"""What a field takes that takes one of a few texts."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

_CHOICE = re.compile(r"Invalid (?:enum )?value '(?P<found>.*)'", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[[^\]]*\]")
_LONGEST = 40


def choice(what: str, kind: Any, path: str) -> tuple[str, list[str]] | None:
    """Return msgspec's complaint *what* about a text at *path* of *kind* in words, and what that
    takes; None if it complains of something else, or nothing is known."""
    found = _CHOICE.fullmatch(what)
    taken = list(dict.fromkeys(_taken(msgspec.inspect.type_info(kind), path))) if found else []
    if found is None or not taken:
        return None
    return f"expected one of {', '.join(taken)}, got {found['found'][:_LONGEST]!r}", taken


def _taken(kind: msgspec.inspect.Type, path: str) -> Iterator[str]:
    step = _STEP.search(path)
    match kind:
        case msgspec.inspect.UnionType():
            for one in kind.types:
                yield from _taken(one, path)
        case msgspec.inspect.LiteralType() if step is None:
            yield from map(str, kind.values)
        case msgspec.inspect.BoolType() if step is None:
            yield from ("true", "false")
        case msgspec.inspect.IntType() if step is None:
            yield "an integer"
        case msgspec.inspect.StructType() if step is not None:
            yield from _of_struct(kind, step[1], path[step.end() :])
        case msgspec.inspect.CollectionType() if step is not None:
            yield from _taken(kind.item_type, path[step.end() :])
        case msgspec.inspect.DictType() if step is not None:
            yield from _taken(kind.value_type, path[step.end() :])


def _of_struct(kind: msgspec.inspect.StructType, name: str, rest: str) -> Iterator[str]:
    if name == kind.tag_field:
        yield str(kind.tag)
    for field in kind.fields:
        if field.encode_name == name:
            yield from _taken(field.type, rest)
