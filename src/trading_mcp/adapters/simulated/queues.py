"""Who stands before our resting orders at their prices."""

from decimal import Decimal

from trading_mcp.adapters.simulated.ledger import VenueOrder
from trading_mcp.adapters.simulated.matching import Span
from trading_mcp.domain.numbers import ZERO


class Queues:
    """How much of what stood before each order has traded, since the last start.

    Whoever goes away from before us is not seen, and a restart sends us back to where we began:
    we are served later than we might be, never earlier.
    """

    def __init__(self) -> None:
        self._ahead: dict[str, Decimal] = {}

    def served_before(self, order: VenueOrder, traded: Decimal, span: Span) -> Decimal:
        """Return how much of *traded*, which *span* had for *order*, went to those before it."""
        ahead = self._ahead.get(order.client_id, order.ahead)
        served = ZERO if span.is_beyond(order) else min(ahead, traded)
        self._ahead[order.client_id] = ZERO if span.is_beyond(order) else ahead - served
        return served

    def forget(self, client_id: str) -> None:
        """Forget an order that has ended."""
        self._ahead.pop(client_id, None)
