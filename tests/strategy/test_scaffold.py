"""`trading-mcp plugins new` writes a package that works as it is."""

import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.strategy.conformance import assert_conforms
from trading_mcp.strategy.scaffold import write_package

SRC = Path(__file__).parents[2] / "src"


def test_the_new_strategy_conforms(tmp_path: Path) -> None:
    write_package("my_idea", tmp_path)
    (cls,) = load(tmp_path / "trading-mcp-my-idea" / "trading_mcp_my_idea.py").register_strategies()
    assert cls.name == "my_idea"
    assert_conforms(cls)


def test_its_own_tests_pass_before_it_is_installed(tmp_path: Path) -> None:
    write_package("my_idea", tmp_path)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path / "trading-mcp-my-idea",
        env=os.environ | {"PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_the_files_are_told_and_name_the_strategy(tmp_path: Path) -> None:
    written = write_package("my_idea", tmp_path)

    package = tmp_path / "trading-mcp-my-idea"
    assert sorted(written) == sorted(path for path in package.rglob("*") if path.is_file())
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    assert project["name"] == "trading-mcp-my-idea"
    assert project["entry-points"]["trading_mcp"] == {"my_idea": "trading_mcp_my_idea"}
    assert "$" not in "".join(path.read_text() for path in written)


@pytest.mark.parametrize("name", ["none", "params", "strategy", "signals", "x2"])
def test_no_name_collides_with_what_the_module_imports(tmp_path: Path, name: str) -> None:
    write_package(name, tmp_path)
    folder = f"trading-mcp-{name}"
    (cls,) = load(tmp_path / folder / f"trading_mcp_{name}.py").register_strategies()
    assert cls.name == name


@pytest.mark.parametrize(
    "name", ["", "My", "a-b", "a b", "_a", "a_", "a__b", "1a", "../a", "manual", "é", "x" * 49]
)
def test_a_name_that_cannot_name_a_strategy_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidParameter, match="cannot name a strategy"):
        write_package(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    package = tmp_path / "trading-mcp-my-idea"
    package.mkdir()
    with pytest.raises(InvalidParameter, match="exists already; nothing was written"):
        write_package("my_idea", tmp_path)
    assert list(package.iterdir()) == []


def load(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
