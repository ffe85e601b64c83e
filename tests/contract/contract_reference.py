"""The API reference as data, and what an answer is found to lack of it."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "reference"


def read(name: str) -> Any:
    """Return one of the reference's tables."""
    return json.loads((FOLDER / f"{name}.json").read_text())


ROUTES, TOOLS, EVENTS, MODELS = read("routes"), read("tools"), read("events"), read("models")
ERRORS, AUTH = read("errors"), read("auth")


def lacks(shape: Any, found: Any, at: str = "$") -> Iterator[str]:
    """Yield what *found* lacks of *shape*; what it has beyond that is not looked at.

    A shape is the name of a type, a list with its items' shape, a mapping of fields (a name that
    ends in `?` may be missing or null), a mapping of `*` to the shape of every value,
    `{"one of": [...]}`, or `{"model": NAME}`. What holds objects must hold at least one.
    """
    match shape:
        case str():
            if not _IS[shape](found):
                yield f"{at}: {shape} is documented, found {found!r}"
        case [item]:
            yield from _lacks_in_list(item, found, at)
        case {"one of": words}:
            if found not in words:
                yield f"{at}: one of {words} is documented, found {found!r}"
        case {"model": name}:
            yield from lacks(MODELS[name], found, at)
        case {"*": value}:
            yield from _lacks_in_map(value, found, at)
        case _:
            yield from _lacks_fields(shape, found, at)


def _lacks_in_list(item: Any, found: Any, at: str) -> Iterator[str]:
    if not isinstance(found, list):
        yield f"{at}: a list is documented, found {found!r}"
    elif not found and isinstance(item, dict):
        yield f"{at}: nothing in it to be compared"
    else:
        for index, one in enumerate(found):
            yield from lacks(item, one, f"{at}[{index}]")


def _lacks_in_map(value: Any, found: Any, at: str) -> Iterator[str]:
    if not isinstance(found, dict):
        yield f"{at}: an object is documented, found {found!r}"
    elif not found and value != "anything":
        yield f"{at}: nothing in it to be compared"
    else:
        for key, one in found.items():
            yield from lacks(value, one, f"{at}.{key}")


def _lacks_fields(fields: dict[str, Any], found: Any, at: str) -> Iterator[str]:
    if not isinstance(found, dict):
        yield f"{at}: an object is documented, found {found!r}"
        return
    for name, shape in fields.items():
        plain = name.removesuffix("?")
        if plain != name and found.get(plain) is None:
            continue
        if plain not in found:
            yield f"{at}.{plain}: missing"
        else:
            yield from lacks(shape, found[plain], f"{at}.{plain}")


def _is_time(value: Any) -> bool:
    if not isinstance(value, str) or not value.endswith("Z"):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


_IS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "number or null": lambda value: value is None or _IS["number"](value),
    "boolean": lambda value: isinstance(value, bool),
    "time": _is_time,
    "anything": lambda value: True,
}
