"""What the account's losses mean: pauses, the automatic kill switch, warnings."""

import math
from decimal import Decimal

import msgspec

from trading_mcp.domain.limits import RiskParameters, Severity
from trading_mcp.rules import limits

WARN_AT = 0.8
"""The share of a limit at which a warning is due."""


class Equity(msgspec.Struct, frozen=True, kw_only=True):
    """The account's worth now and at the start of the UTC day, week and month, in quote.

    None: not known (now), or the period has not been opened yet.
    """

    now: Decimal | None
    day: Decimal | None
    week: Decimal | None
    month: Decimal | None


class Caution(msgspec.Struct, frozen=True, kw_only=True):
    """A limit that was neared or passed."""

    trigger: str
    severity: Severity
    message: str
    value: float


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from the losses: why to pause for the day, why to kill, what to warn of.

    *drawdown* is the fall that kills, and its limit, in percent.
    """

    pause: str | None = None
    kill: str | None = None
    drawdown: tuple[float, float] | None = None
    warnings: tuple[Caution, ...] = ()


def drawdowns(equity: Equity) -> tuple[float, float, float]:
    """Return the falls since the start of the day, week and month, in percent; NaN if unknown."""
    now = float(equity.now) if equity.now is not None else math.nan
    starts = (equity.day, equity.week, equity.month)
    day, week, month = (
        limits.fall_pct(float(start), now) if start is not None else 0.0 for start in starts
    )
    return day, week, month


def judge(equity: Equity, parameters: RiskParameters) -> Findings:
    """Compare the losses with their limits. The account must be worth something known."""
    lost = float(equity.day - equity.now) if equity.day and equity.now is not None else 0.0
    pause, warnings = _daily_loss(lost, parameters.max_daily_loss_usd)
    kill, drawdown = None, None
    names = ("daily", "weekly", "monthly")
    allowed = (
        parameters.max_daily_drawdown_percent,
        parameters.max_weekly_drawdown_percent,
        parameters.max_monthly_drawdown_percent,
    )
    for name, fall, limit in zip(names, drawdowns(equity), allowed, strict=True):
        if kill is None and limits.breached(fall, limit):
            kill = f"{name.capitalize()} drawdown limit exceeded: {fall:.2f}%"
            drawdown = fall, limit
        warnings += _neared(f"{name}_drawdown", name, fall, limit)
    return Findings(pause=pause, kill=kill, drawdown=drawdown, warnings=warnings)


def _daily_loss(lost: float, limit: float) -> tuple[str | None, tuple[Caution, ...]]:
    if lost < limit:
        return None, ()
    message = f"Daily loss limit exceeded: {lost:.2f} of {limit:.2f}"
    return message, (
        Caution(trigger="daily_loss", severity="critical", message=message, value=lost),
    )


def _neared(trigger: str, name: str, fall: float, limit: float) -> tuple[Caution, ...]:
    if not limits.breached(fall, limit * WARN_AT):
        return ()
    over = limits.breached(fall, limit)
    word = "limit exceeded" if over else "approaching limit"
    return (
        Caution(
            trigger=trigger,
            severity="critical" if over else "warning",
            message=f"{name.capitalize()} drawdown {word}: {fall:.2f}%",
            value=fall,
        ),
    )
