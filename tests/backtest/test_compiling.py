"""A rule that has changed is never run from what was compiled before."""

import importlib
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from trading_mcp.backtest import compiling, instructions

RULE = """
def better(price: float) -> float:
    return price + {more}
"""
ENTRY = """
from {package}.rule import better

def run(prices):
    total = 0.0
    for i in range(len(prices)):
        total += better(prices[i])
    return total
"""


def parts_of(folder: Path, package: str, more: float):
    where = folder / package
    where.mkdir(exist_ok=True)
    (where / "__init__.py").write_text("")
    (where / "rule.py").write_text(RULE.format(more=more))
    (where / "entry.py").write_text(ENTRY.format(package=package))
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[name]
    importlib.invalidate_caches()
    return tuple(importlib.import_module(f"{package}.{name}") for name in ("rule", "entry"))


def test_a_changed_rule_is_another_folder_and_another_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two versions within a second
    cache, answers, folders = tmp_path / "cache", [], []
    for more in (1.0, 2.0, 1.0):
        parts = parts_of(tmp_path, "made_up_rules", more)
        folder = cache / compiling.digest_of(parts)
        answers.append(compiling.compiled(parts, "run", folder)(np.ones(3)))
        folders.append(folder)

    assert answers == [6.0, 9.0, 6.0]
    assert folders[0] == folders[2] != folders[1]
    assert all(any(folder.rglob("*.nbi")) for folder in folders)


@pytest.mark.parametrize(
    "part", [*compiling.PARTS, compiling.layout, instructions], ids=lambda p: p.__name__
)
def test_every_source_that_is_compiled_counts(part, tmp_path, monkeypatch) -> None:
    before = compiling.digest_of(compiling.PARTS)
    changed = tmp_path / "changed.py"
    changed.write_bytes(Path(part.__file__).read_bytes() + b"\n# another rule\n")
    monkeypatch.setattr(part, "__file__", str(changed))
    assert compiling.digest_of(compiling.PARTS) != before


def test_all_that_the_loop_calls_is_compiled_and_counts() -> None:
    """A function from a module that is not among the parts would be run from a stale cache."""
    parts = {part.__name__ for part in compiling.PARTS}
    for part in compiling.PARTS:
        for name, value in vars(part).items():
            if getattr(value, "__module__", "").startswith("trading_mcp") and callable(value):
                home = value.__module__
                assert home in parts | {compiling.layout.__name__}, f"{part.__name__}.{name}"


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("not a folder")
    assert not compiling._is_writable(taken / "cache")


def test_the_compiler_is_imported_for_nothing_but_a_run() -> None:
    program = textwrap.dedent(
        """
        import sys
        from trading_mcp.cli import _parser
        _parser().parse_args(["serve"])
        import trading_mcp.backtest.compiling, trading_mcp.backtest.terms
        import trading_mcp.app
        heavy = {"numba", "llvmlite"} & set(sys.modules)
        assert not heavy, heavy
        """
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.slow
def test_another_process_takes_what_one_has_compiled(tmp_path: Path) -> None:
    program = textwrap.dedent(
        f"""
        import pathlib, time
        from trading_mcp.backtest.compiling import is_compiled
        from trading_mcp.backtest.readiness import ready_loop
        cache = pathlib.Path({str(tmp_path)!r})
        print(is_compiled(cache), flush=True)
        loop = ready_loop(cache)
        print(sum(loop.stats.cache_hits.values()), sum(loop.stats.cache_misses.values()))
        """
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", program], check=True, timeout=300, capture_output=True, text=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert told == [["False", "0", "1"], ["True", "1", "0"]]
