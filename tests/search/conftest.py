"""What tests of searches lean on."""

import sys
from pathlib import Path

import pytest

from trading_mcp.backtest.compiling import Many
from trading_mcp.backtest.readiness import ready_many

# Modules beside the tests cannot be imported without this.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def many(compiled: Path) -> Many:
    return ready_many(compiled)
