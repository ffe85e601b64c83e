"""What a result is judged by, and what may be held against it."""

from typing import Literal

import msgspec

from trading_mcp.backtest.honesty.deflated import Deflated
from trading_mcp.backtest.honesty.plateaus import Plateau
from trading_mcp.backtest.honesty.shuffles import MonteCarlo
from trading_mcp.backtest.honesty.walking import Walk
from trading_mcp.backtest.metrics import Metrics
from trading_mcp.backtest.simulation import Outcome
from trading_mcp.backtest.terms import Terms

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
"""critical: the result says nothing; warning: it says less than it seems; info: good to know."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something to hold against a result. *measured* has passed *threshold*, both in *unit*."""

    code: str
    severity: Severity
    measured: float
    threshold: float
    unit: str
    meaning: str
    advice: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a run and of how it was come by."""

    outcome: Outcome
    metrics: Metrics
    terms: Terms
    deflated: Deflated | None = None
    monte_carlo: MonteCarlo | None = None
    plateau: Plateau | None = None
    walk: Walk | None = None


def graded(measured: float, warning: float, critical: float) -> tuple[Severity, float] | None:
    """Return how grave it is that *measured* is below a threshold, and which."""
    if measured < critical:
        return "critical", critical
    return ("warning", warning) if measured < warning else None
