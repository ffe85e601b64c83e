"""What a rule of the gate finds: an objection, a measure against a limit, or nothing."""

from decimal import Decimal
from typing import Any

import msgspec

from trading_mcp.domain.orders import Verdict


class Objection(msgspec.Struct, frozen=True):
    """Why an order may not pass: the error's code, the reason in words, facts for the caller."""

    code: str
    reason: str
    details: dict[str, Any] = {}


class Measure(msgspec.Struct, frozen=True):
    """What would be used of a limit; beyond it, *code*, *reason* and *details* object."""

    code: str
    reason: str
    found: Decimal
    limit: Decimal
    details: dict[str, Any] = {}


Finding = Objection | Measure | None


def verdict(rule: str, finding: Finding) -> Verdict:
    """Return what *rule* says, from what it found."""
    match finding:
        case None:
            return Verdict(rule=rule, allowed=True)
        case Objection():
            return _refusing(rule, finding)
        case Measure():
            # Written so that a number that is none is not within its limit.
            within = finding.found <= finding.limit
            said = Verdict(rule=rule, allowed=True) if within else _refusing(rule, finding)
            return msgspec.structs.replace(
                said,
                limit=float(finding.limit),
                found=float(finding.found),
                headroom=float(finding.limit - finding.found),
            )


def _refusing(rule: str, finding: Objection | Measure) -> Verdict:
    return Verdict(
        rule=rule,
        allowed=False,
        reason=finding.reason,
        code=finding.code,
        details=finding.details,
    )
