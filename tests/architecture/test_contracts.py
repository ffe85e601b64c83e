"""The import contracts of pyproject.toml hold, and each is seen to fail when it is broken."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
NAMES = {contract["id"]: contract["name"] for contract in LINTER["contracts"]}

BREACHES = [
    ("floors", {"domain/new": "import trading_mcp.services"}),
    ("floors", {"risk/new": "import trading_mcp.portfolio"}),
    ("floors", {"floorless": ""}),
    ("adapters-know-only-sockets", {"adapters/new": "import trading_mcp.engine"}),
    ("adapters-are-strangers", {"adapters/a": "import trading_mcp.adapters.b", "adapters/b": ""}),
    ("core-knows-no-framework", {"services/new": "def serve():\n    import litestar"}),
    ("core-knows-no-framework", {"domain/new": "from sqlite3 import connect"}),
    ("only-strategy-loads-plugins", {"engine/new": "import pluggy"}),
    ("only-backtest-compiles", {"rules/new": "from numba import njit"}),
    (
        "no-cycles",
        {"services/a": "import trading_mcp.services.b", "services/b": "from . import a"},
    ),
]


def test_the_house_keeps_its_contracts() -> None:
    report = lint(ROOT)
    assert report.returncode == 0, report.stdout + report.stderr


@pytest.mark.parametrize(("contract", "files"), BREACHES)
def test_a_broken_contract_is_seen(tmp_path: Path, contract: str, files: dict[str, str]) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for module, code in files.items():
        (tmp_path / "src/trading_mcp" / f"{module}.py").write_text(code)

    report = lint(tmp_path, "--contract", contract)

    assert f"{NAMES[contract]} BROKEN" in report.stdout, report.stdout + report.stderr
    assert report.returncode == 1


def test_every_contract_has_been_seen_broken() -> None:
    assert {contract for contract, _ in BREACHES} == set(NAMES)


def lint(house: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo", *options],
        cwd=house,
        env=os.environ | {"PYTHONPATH": str(house / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
