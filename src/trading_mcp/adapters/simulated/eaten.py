"""What our own orders have taken from books that do not know of it."""

from collections import defaultdict
from decimal import Decimal

from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.orders import Side

RECOVERY_MS = 5000
"""How long what was taken is missing: after that, others have offered it anew."""

_Place = tuple[str, Side]


class Eaten:
    """Amounts (base) that orders of one side took from a market, and for how long they miss."""

    def __init__(self) -> None:
        self._taken: defaultdict[_Place, list[tuple[int, Decimal]]] = defaultdict(list)

    def missing(self, symbol: str, side: Side, at: int) -> Decimal:
        """Return what is still missing at *at* (UTC ms)."""
        recent = [taken for taken in self._taken[symbol, side] if at - taken[0] < RECOVERY_MS]
        self._taken[symbol, side] = recent
        return sum((amount for _, amount in recent), ZERO)

    def add(self, symbol: str, side: Side, at: int, amount: Decimal) -> None:
        """Note that an order of *side* took *amount* at *at* (UTC ms)."""
        if amount:
            self._taken[symbol, side].append((at, amount))

    def forget(self, symbol: str, side: Side) -> None:
        """Let nothing be missing from here on: what is shown has been refilled."""
        self._taken.pop((symbol, side), None)
