"""Turning the gate's refusals into the documented errors."""

import json
from typing import Any

from trading_mcp.domain.errors import BY_CODE, InternalError, MarketHalted, TradingError
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
_RESUME = (
    "Ask your user: once a person has looked at what happened there, only they can let it go on, "
    "over REST: POST /api/v1/risk/halts/resume"
)


def refusal(refused: Refused) -> TradingError:
    """Return the error that says why the gate refused an order."""
    objection = refused.objection
    details: dict[str, Any] = {
        name: iso(value) if name in _TIMES else value for name, value in objection.details.items()
    }
    halts = objection.rule == "market_is_halted"
    kind = MarketHalted if halts else BY_CODE.get(objection.code, InternalError)
    body = json.dumps({"asset": details.get("asset")})
    hint = f"{_RESUME} with {body}." if halts else _HINTS.get(objection.rule, "")
    others = [v.rule for v in refused.verdicts if not v.allowed and v is not objection]
    return kind(
        objection.reason,
        hint=hint,
        rule=objection.rule,
        other_objections=others,
        **details,
    )
