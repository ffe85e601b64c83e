"""What became of an order, in the words of an answer or of an error."""

from decimal import Decimal

from trading_mcp.domain.errors import MarketClosed, OrderFailed, TradingError
from trading_mcp.domain.orders import Order
from trading_mcp.domain.reports import MARKET_CLOSED, is_refused_for
from trading_mcp.services.shapes.orders import OrderAnswer, Outcome
from trading_mcp.services.views import order_view

WAIT_S = 3.0
"""How long a caller waits for the exchange; after it the answer says what is known."""


def outcome_of(order: Order) -> Outcome:
    """Return what has become of *order* so far, in one word."""
    match order.status:
        case "filled":
            return "filled"
        case "cancelled":
            return "partially_filled" if order.filled else "cancelled"
        case "partial":
            return "partially_filled"
        case "open":
            return "accepted"
        case "rejected" | "abandoned":
            return "failed"
        case "approved" | "unknown":
            return "unknown"


def answer(order: Order, source: str) -> OrderAnswer:
    """Return what has become of *order*, which is at an exchange that is *source*."""
    outcome = outcome_of(order)
    return OrderAnswer(
        order=order_view(order, source), outcome=outcome, message=_message(order, outcome)
    )


def failure(order: Order) -> TradingError | None:
    """Return the error of an order that the exchange refused or that was never sent, or None."""
    if outcome_of(order) != "failed":
        return None
    kind = MarketClosed if is_refused_for(MARKET_CLOSED, order.evidence) else OrderFailed
    return kind(f"Order {order.id} failed: {order.evidence}", order_id=order.id, state=order.status)


def answer_or_failure(order: Order, source: str) -> OrderAnswer:
    """Return what has become of *order*. Raises OrderFailed if nothing will."""
    error = failure(order)
    if error is not None:
        raise error
    return answer(order, source)


def _message(order: Order, outcome: Outcome) -> str:
    level, paid = order.price or order.stop_price, order.average_price
    at = f" at {plain(level)}" if level is not None else ""
    said = f"{order.type} {order.side} {plain(order.amount)} {order.symbol}{at}: {outcome}"
    if paid is not None:
        said += f", {plain(order.filled)} of it for {paid:.10g} each"
    if outcome == "unknown":
        said += "; the exchange has not said yet: ask get_order_status, do not send again"
    elif outcome == "failed":
        said += f"; {order.evidence}"
    return said


def plain(number: Decimal) -> str:
    """Return *number* without the zeros that its grid adds."""
    return f"{number.normalize():f}"
