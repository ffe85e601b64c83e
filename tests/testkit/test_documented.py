"""The document about the loopback names every setting, fault and door."""

import re
import sys
from pathlib import Path
from subprocess import run
from typing import get_args

import pytest

from trading_mcp.testkit.kucoin import LoopbackFaults, LoopbackSettings
from trading_mcp.testkit.kucoin.control import DOORS
from trading_mcp.testkit.kucoin.settings import Act, Kind

DOCUMENT = (Path(__file__).parents[2] / "docs" / "loopback.md").read_text()


def section(title: str) -> str:
    return DOCUMENT.partition(f"## {title}\n")[2].partition("\n## ")[0]


def first_column(text: str) -> set[str]:
    rows = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_setting_is_named() -> None:
    assert first_column(section("Settings")) == set(LoopbackSettings.__struct_fields__)


def test_every_fault_is_named() -> None:
    text = section("What goes wrong")
    named = set(re.findall(r"`(\w+)`", text))

    assert set(LoopbackFaults.__struct_fields__) | set(get_args(Act)) <= named
    others = {"accepted", "acts", *get_args(Kind)}
    assert first_column(text) | others == set(LoopbackFaults.__struct_fields__)


def test_every_door_is_named() -> None:
    assert first_column(section("The side door")) == set(DOORS)
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section("The side door"), re.MULTILINE)
    for name, fields in rows:
        known = set(getattr(DOORS[name][0], "__struct_fields__", ()))
        assert set(re.findall(r"`(\w+)`", fields)) == known, name


@pytest.mark.slow
def test_the_shown_program_runs() -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)

    done = run([sys.executable, "-W", "error", "-c", program], capture_output=True, check=True)

    assert done.stdout.decode().splitlines() == ["filled", "{'a': 1, 'b': 1}"]
