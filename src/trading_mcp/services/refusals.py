"""Turning the gate's refusals into the documented errors."""

from typing import Any

from trading_mcp.domain.errors import BY_CODE, InternalError, TradingError
from trading_mcp.domain.orders import Refused
from trading_mcp.services.views import iso

_TIMES = ("activated_at", "until")
_LARGEST = "check_risk_limits tells in max_size how much would pass."
_HINTS = {
    "kill_switch_is_on": "Ask your user: only a person can turn it off, over REST.",
    "position_is_too_large": _LARGEST,
    "exposure_is_too_large": _LARGEST,
    "balance_is_too_small": _LARGEST,
}
"""What to do, by the rule that objects."""


def refusal(refused: Refused) -> TradingError:
    """Return the error that says why the gate refused an order."""
    objection = refused.objection
    details: dict[str, Any] = {
        name: iso(value) if name in _TIMES else value for name, value in objection.details.items()
    }
    kind = BY_CODE.get(objection.code, InternalError)
    others = [v.rule for v in refused.verdicts if not v.allowed and v is not objection]
    return kind(
        objection.reason,
        hint=_HINTS.get(objection.rule, ""),
        rule=objection.rule,
        other_objections=others,
        **details,
    )
