"""The compiled loop, once for all tests and all their processes."""

import sys
import tempfile
from pathlib import Path

import pytest

from trading_mcp.backtest.compiling import Loop, compiled_loop

# Modules beside the tests cannot be imported without this.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def loop() -> Loop:
    # The folder that tests/backtest uses too: what was compiled there is not compiled again.
    return compiled_loop(Path(tempfile.gettempdir()) / "trading-mcp-compiled-for-tests")
