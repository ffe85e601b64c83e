"""A tool's answer in a few words, for people and for clients that show their model only text."""

from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 700
"""Characters of a summary."""
CURSOR = "next_cursor"
_ROWS = 3
_SHORT_LIST = 8
_WIDEST = 160
"""Characters of one row of a list."""
_ROOM_OF_WARNINGS, _ROOM_OF_FINDINGS = 130, 200
"""Characters: with a message in front, the main figures still find room behind."""
_SAID_BEFORE = frozenset({"message", "warnings", "findings"})
_NULL_IS_NONE = frozenset({CURSOR, "out_of_sample"})
"""Null says that there is none of it: no further page, no such test. It is not "unknown"."""
_SAME_IN_ALL_ROWS = frozenset({"exchange", "source"})
"""What rows are mostly alike in: there is no room for it."""


def summary(answer: Mapping[str, Any]) -> str:
    """Return *answer*'s message, its warnings and findings, its plain values, then how much there
    is of the rest, and some.

    What does not fit is left out from the end: plain values come before the rest, because they are
    what was asked for more often than not.
    """
    doubts = [*_warnings(answer.get("warnings")), *_findings(answer.get("findings"))]
    first = _sentence(str(answer.get("message", "")), doubts)
    said = " ".join(part for part in (first, *doubts) if part)
    rest = {key: value for key, value in answer.items() if _is_told(key, value)}
    if not doubts:
        rest |= {key: answer[key] for key in ("warnings", "findings") if key in answer}
    if isinstance(metrics := rest.get("metrics"), dict):
        rest["metrics"] = {key: value for key, value in metrics.items() if key not in rest}
    plain = [f"{key} {_plain(value)}" for key, value in rest.items() if _is_plain(value)]
    held = [
        text for key, value in rest.items() if not _is_plain(value) for text in _held(key, value)
    ]
    told = _fitting("; ", [*plain, *held], LONGEST - len(said) - 2)
    joint = " " if doubts else ": "
    whole = f"{said}{joint}{told}" if said and told else said or told or "Done"
    return whole if len(whole) <= LONGEST else f"{whole[: LONGEST - 2]} …"


def _is_told(key: str, value: Any) -> bool:
    if key in _SAID_BEFORE or value == "":
        return False
    return value is not None or key not in _NULL_IS_NONE


def _sentence(said: str, doubts: list[str]) -> str:
    return f"{said}." if said and doubts and not said.endswith((".", "?", "!")) else said


def _warnings(warnings: Any) -> Iterator[str]:
    if isinstance(warnings, list) and warnings and all(isinstance(one, str) for one in warnings):
        yield f"Warnings: {_fitting('; ', warnings, _ROOM_OF_WARNINGS)}."


def _findings(findings: Any) -> Iterator[str]:
    """Yield what speaks against a result, the gravest first as they come; the code of all the rest,
    which says enough to ask further."""
    if not isinstance(findings, list) or not findings or not all(map(_is_finding, findings)):
        return
    told, room = list[str](), _ROOM_OF_FINDINGS
    for one in findings:
        text = f"{one['severity']}: {one['meaning']}"
        if len(text) > room:
            text = f"{one['severity']}: {one['code']}"
        told.append(text.rstrip("."))
        room -= len(text) + 2
    yield f"Findings: {'; '.join(told)}."


def _is_finding(value: Any) -> bool:
    return isinstance(value, dict) and {"severity", "code", "meaning"} <= value.keys()


def _held(key: str, value: Any) -> Iterator[str]:
    """Yield what there is in a list or an object, the outline first."""
    if isinstance(value, dict):
        yield from _of_object(key, value)
    elif not value:
        yield f"no {key}"
    elif all(map(_is_plain, value)):
        shown = value if len(value) <= _SHORT_LIST else value[-_ROWS:]
        few = "" if shown is value else f"{len(value)}, the last "
        yield f"{key}: {few}{', '.join(map(_plain, shown))}"
    else:
        yield f"{len(value)} {key}"
        yield from (f"({_row(item, without=_SAME_IN_ALL_ROWS)})" for item in _first_and_last(value))


def _of_object(key: str, value: dict[str, Any]) -> Iterator[str]:
    plain = _row(value)
    if plain or not value:
        yield f"{key}: {plain or 'none'}"
    for name, part in value.items():
        if not _is_plain(part):
            yield from _held(f"{key}.{name}", part)


def _first_and_last(rows: list[Any]) -> list[Any]:
    """Return a few rows: lists are told newest first or oldest first, and both ends matter."""
    return rows if len(rows) <= _ROWS else [*rows[: _ROWS - 1], rows[-1]]


def _row(value: Any, *, without: frozenset[str] = frozenset()) -> str:
    if not isinstance(value, dict):
        return _plain(value) if _is_plain(value) else " ".join(map(_row, value[:_SHORT_LIST]))
    facts = [
        f"{key} {_plain(part)}"
        for key, part in value.items()
        if key not in without and _says_something(part)
    ]
    return _fitting(", ", facts, _WIDEST)


def _fitting(joint: str, parts: list[str], room: int) -> str:
    """Join as many of *parts* as there is *room* for; say so if any is left out."""
    text = ""
    for part in parts:
        longer = f"{text}{joint}{part}" if text else part
        if len(longer) > room - 2:
            return f"{text or part[: room - 2]} …"
        text = longer
    return text


def _says_something(value: Any) -> bool:
    return _is_plain(value) and value not in (None, "")


def _is_plain(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _plain(value: Any) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.10g}"
        case _:
            return str(value)
