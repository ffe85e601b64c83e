"""How orders fared at an exchange: how many ended how, how fast, at what price, as maker or taker.

A fold over orders and fills, kept in the state: so it is the same after a restart.
"""

from decimal import Decimal

import msgspec

from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.orders import Fill, Order, OrderStatus
from trading_mcp.engine.histogram import Histogram
from trading_mcp.rules import costs


class Execution(msgspec.Struct, kw_only=True):
    """The record of one exchange's orders, or of all.

    *ended* counts them by the status they ended in. *slipped* is the sum, in percent, over
    *measured* orders. *made* and *taken* are the quote value of fills as maker and as taker.
    """

    latency: Histogram = msgspec.field(default_factory=Histogram)
    ended: dict[OrderStatus, int] = {}
    slipped: float = 0.0
    measured: int = 0
    made: Decimal = ZERO
    taken: Decimal = ZERO

    def note_order(self, before: Order | None, now: Order) -> None:
        """Take in an order's newest state; *before* is the one that it replaces."""
        if now.latency_ms is not None and (before is None or before.latency_ms is None):
            self.latency.record(now.latency_ms)
        # An order that was taken for dead may come back, and one that was cancelled fill: what
        # was counted of it is taken out again first.
        if before is not None:
            self._count(before, -1)
        self._count(now, 1)

    def note_fill(self, fill: Fill) -> None:
        """Take in one trade of ours."""
        if fill.maker:
            self.made += fill.value
        else:
            self.taken += fill.value

    @property
    def completed(self) -> int:
        """Orders that did what was asked of them: filled, or cancelled."""
        return self._ended("filled", "cancelled")

    @property
    def failed(self) -> int:
        """Orders that the exchange refused, or that were never sent."""
        return self._ended("rejected", "abandoned")

    @property
    def fill_rate(self) -> float:
        """Wholly filled orders among all that have ended, in percent; 0 before the first."""
        ended = self.completed + self.failed
        return 100.0 * self._ended("filled") / ended if ended else 0.0

    @property
    def average_slippage_pct(self) -> float:
        """How much worse than expected orders at the market were filled; 0 before the first."""
        return self.slipped / self.measured if self.measured else 0.0

    @property
    def maker_share(self) -> float:
        """What was traded as maker, in percent of all by value; 0 before the first fill."""
        value = self.made + self.taken
        return float(100 * self.made / value) if value else 0.0

    def _ended(self, *statuses: OrderStatus) -> int:
        return sum(self.ended.get(status, 0) for status in statuses)

    def _count(self, order: Order, times: int) -> None:
        if order.working:
            return
        self.ended[order.status] = self.ended.get(order.status, 0) + times
        slip = slippage_pct(order)
        if slip is not None:
            self.slipped += times * slip
            self.measured += times


def slippage_pct(order: Order) -> float | None:
    """Return how much worse than expected an order was filled, in percent (negative: better).

    A market order is measured from the best offer when it was approved, or from the level that
    was reached if it leaves at one; a stop from its trigger.
    None for a limit order, which cannot slip, and for one that did not trade.
    """
    paid = order.average_price
    if order.type == "limit" or paid is None:
        return None
    expected = order.stop_price or order.expected_price
    return costs.slippage_pct(1 if order.side == "buy" else -1, float(expected), float(paid))
