"""Throw-away distributions, installed for the length of one test."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PRELUDE = """
from trading_mcp.sdk import *
import numpy as np

class Idle(Strategy):
    name = "idle"
    warmup = 1
    def signals(self, candles):
        return signals(len(candles))

def offering(*classes):
    @hookimpl
    def register_strategies():
        return list(classes)
    return register_strategies
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Write distribution *name* with one entry point and a module that runs *code*."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    before = set(sys.modules)

    def write(name: str, code: str, *, plugin: str | None = None, version: str = "1.0") -> None:
        module = f"throwaway_{name}"
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[trading_mcp]\n{plugin or name} = {module}\n")
        (site / f"{module}.py").write_text(PRELUDE + code)

    yield write
    for module in set(sys.modules) - before:
        if module.startswith("throwaway_"):
            del sys.modules[module]
