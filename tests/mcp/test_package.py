"""An installed package has what the server tells agents of itself."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_documentation_is_part_of_the_package(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)

    [wheel] = tmp_path.glob("*.whl")
    within = zipfile.ZipFile(wheel).namelist()
    pages = {f"trading_mcp/docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    assert pages <= set(within)
    assert "trading_mcp/api/mcp/server.py" in within
