"""What tests of runs lean on."""

import sys
import tempfile
from pathlib import Path

import pytest

# Modules beside the tests cannot be imported without this.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loop: object) -> Path:
    """A folder without a configuration, whose cache has the loop that other tests have compiled."""
    monkeypatch.chdir(tmp_path)
    cache = tmp_path / "cache" / "trading-mcp"
    cache.mkdir(parents=True)
    compiled = Path(tempfile.gettempdir()) / "trading-mcp-compiled-for-tests"
    (cache / "compiled").symlink_to(compiled)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path
