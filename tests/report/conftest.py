"""The compiled loop, as the tests of the loop share it."""

import tempfile
from pathlib import Path

import pytest

from trading_mcp.backtest.compiling import Loop, compiled_loop


@pytest.fixture(scope="session")
def loop() -> Loop:
    return compiled_loop(Path(tempfile.gettempdir()) / "trading-mcp-compiled-for-tests")
