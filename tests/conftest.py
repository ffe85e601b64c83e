"""What holds for every test."""

import pytest


@pytest.fixture(autouse=True)
def logs_are_configured_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that is run in this process must not bind its logs to a test's captured output:
    that is closed with the test, and every later line would fail."""
    monkeypatch.setattr("trading_mcp.api.logging.configure_logging", lambda *_: None)
