"""Engines and servers that trade live, or on paper, on a KuCoin that runs beside the test."""

import sys
from pathlib import Path

import pytest

# Modules beside the tests cannot be imported in importlib mode without this.
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from live_engine import hurry


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured in seconds is measured in tenths: the exchange here is quick."""
    hurry(monkeypatch)
