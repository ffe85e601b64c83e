"""Turning the gate's refusals into the documented errors."""

from typing import Any

from trading_mcp.domain.errors import BY_CODE, InternalError, TradingError
from trading_mcp.domain.orders import Refused
from trading_mcp.services.views import iso

_TIMES = ("activated_at", "until")


def refusal(refused: Refused) -> TradingError:
    """Return the error that says why the gate refused an order."""
    objection = refused.objection
    details: dict[str, Any] = {
        name: iso(value) if name in _TIMES else value for name, value in objection.details.items()
    }
    kind = BY_CODE.get(objection.code, InternalError)
    others = [v.rule for v in refused.verdicts if not v.allowed and v is not objection]
    return kind(objection.reason, rule=objection.rule, other_objections=others, **details)
