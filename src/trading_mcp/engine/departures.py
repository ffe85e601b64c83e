"""Which positions are being left, and when each may be tried again: ever more slowly."""

from collections.abc import Iterable

from trading_mcp.domain.orders import Order
from trading_mcp.domain.positions import Position

RETRY_FIRST_MS, RETRY_LONGEST_MS = 1_000, 60_000
REFUSED_OFTEN = 5
"""So many exits in a row that the exchange refused, and a person has to look."""


class Departures:
    """The patience that failed exits need.

    Not in the state: after a restart an exit may be tried again at once.
    """

    def __init__(self, positions: Iterable[Position]):
        self._leaving = {position.id for position in positions if position.leaving}
        self._retry_at: dict[str, tuple[int, int]] = {}
        self._refusals: dict[str, int] = {}

    def going(self) -> list[str]:
        """Return the positions that are being left, always in the same order."""
        return sorted(self._leaving)

    def is_due(self, position_id: str, now: int) -> bool:
        """Say whether its exit may be tried at *now* (UTC ms)."""
        at, _ = self._retry_at.get(position_id, (0, 0))
        return now >= at

    def tried(self, position_id: str, now: int) -> None:
        """Note that its exit was tried: the next time is twice as far away as the last."""
        _, wait = self._retry_at.get(position_id, (0, RETRY_FIRST_MS))
        self._retry_at[position_id] = (now + wait, min(2 * wait, RETRY_LONGEST_MS))

    def refused(self, position_id: str) -> int:
        """Note that the exchange refused its exit; return how often it has in a row."""
        refusals = self._refusals[position_id] = self._refusals.get(position_id, 0) + 1
        return refusals

    def hurry(self, position_id: str) -> None:
        """Let its exit be tried at once, and quickly again."""
        self._retry_at.pop(position_id, None)

    def note_position(self, position: Position) -> None:
        """Take in a position's newest state."""
        if position.is_open and position.leaving:
            self._leaving.add(position.id)
        else:
            self._leaving.discard(position.id)
            self._refusals.pop(position.id, None)
            self.hurry(position.id)

    def note_order(self, order: Order) -> None:
        """Take in an order's newest state."""
        out_of_the_way = order.status == "cancelled" and order.type != "market"
        if order.position_id and (order.filled or out_of_the_way):
            # An exit that makes progress, or makes room for another, is not a failed one.
            self.hurry(order.position_id)
            if order.filled:
                self._refusals.pop(order.position_id, None)
