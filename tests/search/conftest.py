"""The compiled loop's folder, shared with the other tests of histories; data sets on disk."""

import sys
import tempfile
from pathlib import Path

import pytest

from trading_mcp.backtest.compiling import Loop, compiled_loop

# Modules beside the tests cannot be imported without this.
sys.path.insert(0, str(Path(__file__).parent))
COMPILED = Path(tempfile.gettempdir()) / "trading-mcp-compiled-for-tests"


@pytest.fixture(scope="session")
def compiled() -> Path:
    return COMPILED


@pytest.fixture(scope="session")
def loop() -> Loop:
    return compiled_loop(COMPILED)
