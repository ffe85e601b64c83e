"""What is remembered of protective stops beside the state: failures, patience, who makes way.

Not in the state: after a restart each stop may be tried again at once.
"""

from collections.abc import Iterable

from trading_mcp.domain.orders import Order

RETRY_FIRST_MS, RETRY_LONGEST_MS = 1_000, 60_000
GIVE_UP_AFTER = 5
"""So many stops in a row that could not be placed, and the position counts as unprotected."""
STOOD_MS = 60_000
"""A stop that stood for so long ends a row of failures, though the exchange took it away."""
LATE_MS = 5_000
"""How long an exchange may take to act on a stop that the price has reached."""


class Guards:
    """Which protective orders work, and what is known of those that failed. Times are UTC ms."""

    def __init__(self, orders: Iterable[Order]):
        self._working: dict[str, dict[str, Order]] = {}
        self._failures: dict[str, int] = {}
        self._due_at: dict[str, int] = {}
        self._making_way: dict[str, int] = {}
        self._reached_at: dict[str, int] = {}
        for order in orders:
            self.note_order(order)

    def note_order(self, order: Order) -> None:
        """Take in an order's newest state."""
        if not order.protective or order.position_id is None:
            return
        stops = self._working.setdefault(order.position_id, {})
        known = stops.pop(order.id, None)
        if order.working:
            stops[order.id] = order
        elif known is not None:
            self._note_end(order, order.position_id)
        if not stops:
            del self._working[order.position_id]

    def _note_end(self, order: Order, position_id: str) -> None:
        """Take in how a stop ended: only one that was called off, or traded, has done its work."""
        done = order.cancelling or order.status == "filled"
        lasted = order.status == "cancelled" and order.updated_at - order.created_at >= STOOD_MS
        if done or lasted:
            self._failures.pop(position_id, None)
        if not done:
            self.failed(position_id, order.updated_at)

    def guarded(self) -> list[str]:
        """Return the positions that have working stops, in a fixed order."""
        return sorted(self._working)

    def stops_of(self, position_id: str) -> tuple[Order, ...]:
        """Return a position's working protective stops."""
        return tuple(self._working.get(position_id, {}).values())

    def failed(self, position_id: str, now: int) -> None:
        """Note that a stop could not be placed: the next try has to wait, ever longer."""
        failures = self._failures[position_id] = self._failures.get(position_id, 0) + 1
        wait = min(RETRY_FIRST_MS << (failures - 1), RETRY_LONGEST_MS)
        self._due_at[position_id] = now + wait

    def failures(self, position_id: str) -> int:
        """Return how many stops in a row could not be placed."""
        return self._failures.get(position_id, 0)

    def is_due(self, position_id: str, now: int) -> bool:
        """Say whether a stop may be placed now."""
        return now >= self._due_at.get(position_id, 0)

    def make_way(self, position_id: str, until: int) -> None:
        """Let no stop be placed before *until*: somebody closes the position by an order."""
        self._making_way[position_id] = until

    def return_to(self, position_id: str) -> None:
        """End `make_way`."""
        self._making_way.pop(position_id, None)

    def makes_way(self, position_id: str, now: int) -> bool:
        """Say whether the position's stop has to stay away."""
        return now < self._making_way.get(position_id, 0)

    def is_late(self, position_id: str, now: int) -> bool:
        """Say whether the exchange has let too long pass since its stop was reached."""
        return now - self._reached_at.setdefault(position_id, now) >= LATE_MS

    def not_reached(self, position_id: str) -> None:
        """Note that the price has not reached a position's stop, or has come back."""
        self._reached_at.pop(position_id, None)

    def forget(self, position_id: str) -> None:
        """Forget a position that is gone."""
        for shelf in (self._failures, self._due_at, self._making_way, self._reached_at):
            shelf.pop(position_id, None)
