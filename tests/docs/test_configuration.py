"""What docs/configuration.md says is what the settings' own types say."""

import argparse
import json
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from trading_mcp.app import FAILPOINT
from trading_mcp.cli import _parser
from trading_mcp.config import Config, load
from trading_mcp.domain.limits import MODES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "configuration.md").read_text()
PLAIN = {bool: "true or false", int: "integer", float: "number", str: "text"}


def test_every_setting_is_documented_with_its_type_and_default() -> None:
    assert documented() == {key: (kind, default) for key, kind, default in settings(Config)}


def test_every_setting_has_a_meaning() -> None:
    assert [row[0] for row in rows(4) if not row[3]] == []


def test_the_shipped_values_are_the_shipped_files() -> None:
    shipped, plain = load(ROOT / "config.toml"), Config()
    differing = {
        name
        for name in shipped.risk.__struct_fields__
        if getattr(shipped.risk, name) != getattr(plain.risk, name)
    }
    told = {key: value for key, value in rows(2) if key.startswith("`risk.")}
    assert told == {f"`risk.{n}`": f"`{shown(getattr(shipped.risk, n))}`" for n in differing}


def test_the_modes_are_documented_with_their_factors() -> None:
    told = [row for row in rows(4) if row[0].strip("`") in MODES]
    assert told == [
        [f"`{name}`", f"{mode.size:g}", f"{mode.limit:g}", f"{mode.confidence:+g}"]
        for name, mode in MODES.items()
    ]


@pytest.mark.parametrize("command", ["serve", "mcp", "status"])
def test_every_flag_is_documented(command: str) -> None:
    assert flags(command) <= set(re.findall(r"`(--[a-z-]+)", TEXT))


def test_every_documented_flag_exists() -> None:
    known = {flag for command in ("serve", "mcp", "status") for flag in flags(command)}
    assert set(re.findall(r"`(--[a-z-]+)", TEXT)) <= known


def test_shown_overrides_can_be_used() -> None:
    shown_ones = re.findall(r"--set ([a-z_.]+=\w[\w.]*)", TEXT.replace("section.key=value", ""))
    assert shown_ones
    load(None, shown_ones)


def test_the_environment_variable_is_the_servers() -> None:
    assert f"`{FAILPOINT}`" in TEXT


def rows(columns: int) -> list[list[str]]:
    found = [
        [cell.strip() for cell in line.strip("|").split(" |")]
        for line in TEXT.splitlines()
        if line.startswith("| `")
    ]
    return [row for row in found if len(row) == columns]


def documented() -> dict[str, tuple[str, str]]:
    return {
        row[0].strip("`"): (row[1], row[2].strip("`"))
        for row in rows(4)
        if "." in row[0]  # the modes' table has four columns too
    }


def settings(struct: Any, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield every setting's key, kind and default, sections within sections included."""
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        hint, key = hints[field.name], f"{prefix}{field.name}"
        if is_struct(hint):
            yield from settings(hint, f"{key}.")
        elif get_origin(hint) is dict and is_struct(get_args(hint)[1]):
            # A real exchange's section stands beside the simulated one's, under its own name.
            section = key.removesuffix(".real")
            yield from settings(get_args(hint)[1], f"{section}.<name>.")
        else:
            yield key, kind(hint), shown(default(field))


def is_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def kind(hint: Any) -> str:
    """Return how a reader is told what a setting takes."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return f"{kind(arguments[0])}{bounds(arguments[1])}"
    if origin is Literal:
        return " or ".join(f"`{shown(value)}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(map(kind, arguments))
    if hint is type(None):
        return "nothing"
    if origin is tuple:
        words = arguments[0]
        named = f": {kind(words)}" if get_origin(words) is Literal else ""
        return f"list of texts{named}"
    return "table" if origin is dict else PLAIN[hint]


def bounds(meta: msgspec.Meta) -> str:
    if meta.min_length is not None:
        return ", not empty"
    least = f"above {meta.gt:g}" if meta.gt is not None else f"{meta.ge:,}"
    return f", {least} to {meta.le:,.15g}"


def default(field: Any) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return field.default_factory()


def shown(value: Any) -> str:
    return json.dumps(msgspec.to_builtins(value))


def flags(command: str) -> set[str]:
    (commands,) = (
        action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    actions = commands.choices[command]._actions
    return {flag for action in actions for flag in action.option_strings if flag.startswith("--")}
