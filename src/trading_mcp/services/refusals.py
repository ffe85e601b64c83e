"""Turning the gate's refusals into the documented errors."""

from typing import Any

from trading_mcp.domain.errors import BY_CODE, InternalError, OrderFailed, TradingError
from trading_mcp.domain.orders import Order, Refused
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


def failure(order: Order) -> TradingError | None:
    """Return the error of an order that the exchange refused or that was never sent, or None."""
    if order.status not in ("rejected", "abandoned"):
        return None
    return OrderFailed(
        f"Order {order.id} failed: {order.evidence}", order_id=order.id, state=order.status
    )
