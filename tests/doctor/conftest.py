"""What doctor finds, by the name of each check."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.app.doctor import Finding, examine
from trading_mcp.config import load

Examine = Callable[..., Awaitable[dict[str, Finding]]]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def examined(data_dir: Path) -> Examine:
    """A function that has everything looked at, with the settings given."""

    async def examining(
        *overrides: str, offline: bool = False, timeout_s: float = 10.0, **environ: str
    ) -> dict[str, Finding]:
        ports = [f"server.{key}=0" for key in ("port", "rest_port", "mcp_port")]
        config = load(None, [*ports, f'storage.data_dir="{data_dir}"', *overrides])
        found = examine(
            config, environ=environ, clock=SystemClock(), offline=offline, timeout_s=timeout_s
        )
        return {finding.check: finding async for finding in found}

    return examining


@pytest.fixture
def wrong() -> Callable[[dict[str, Finding]], dict[str, Any]]:
    """A function that returns the verdicts on what is not right.

    This machine's SQLite aside, and that most tests enable no strategy.
    """

    def chosen(findings: dict[str, Finding]) -> dict[str, Any]:
        return {
            check: finding.verdict
            for check, finding in findings.items()
            if finding.verdict != "ok" and check not in ("machine.sqlite", "strategies.loaded")
        }

    return chosen
