"""What holds for every test."""

import fcntl
import os
import tempfile
from pathlib import Path

import pytest

from trading_mcp.backtest.compiling import Loop, compiled_loop, is_compiled
from trading_mcp.backtest.readiness import ready_loop

HERE = Path(__file__).parent
COMPILED = Path(tempfile.gettempdir()) / "trading-mcp-compiled-for-tests"
os.environ.setdefault("TRADING_MCP_COMPILED", str(COMPILED))
THOROUGH = {
    *("backtest", "ccxt_data", "ccxt_venue", "doctor", "exchange_keys", "guards", "history_data"),
    *("honesty", "kill", "paper", "report", "search", "testkit", "wire"),
    *("live/test_structure.py", "live/test_storms.py", "live/test_live_server.py"),
    *("live/test_deadline.py", "live/test_fault_matrix.py", "live/test_many_unknown.py"),
    *("services/test_loading.py", "storage/test_journal_damage.py", "api/test_stdio.py"),
    *("process/test_life.py", "process/test_plugins.py"),
}
"""Where what is slow would make every run take more than ten minutes: `make thorough` runs it."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what takes longest to `make thorough`."""
    for item in items:
        place = item.path.relative_to(HERE) if item.path.is_relative_to(HERE) else Path()
        places = {*map(str, place.parents), str(place)}
        is_long = places & THOROUGH and item.get_closest_marker("slow")
        if is_long or "testkit" in places:  # what only tests lean on is tested by itself
            item.add_marker(pytest.mark.thorough)


@pytest.fixture(autouse=True)
def logs_are_configured_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that is run in this process must not bind its logs to a test's captured output:
    that is closed with the test, and every later line would fail."""
    monkeypatch.setattr("trading_mcp.api.logging.configure_logging", lambda *_: None)


@pytest.fixture(scope="session")
def compiled() -> Path:
    """The folder that has the compiled loop, under a hash of its sources.

    The first test that needs it compiles it, and those of other processes wait for that.
    """
    COMPILED.mkdir(exist_ok=True)
    with (COMPILED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_compiled(COMPILED):
            ready_loop(COMPILED)
    return COMPILED


@pytest.fixture(scope="session")
def loop(compiled: Path) -> Loop:
    return compiled_loop(compiled)


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: Path) -> Path:
    """A folder without a configuration, whose cache has the loop that other tests have compiled."""
    monkeypatch.chdir(tmp_path)
    cache = tmp_path / "cache" / "trading-mcp"
    cache.mkdir(parents=True)
    (cache / "compiled").symlink_to(compiled)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path
