"""Entries that wait until what their strategy holds has been left: turning takes two orders."""

from trading_mcp.domain.markets import MarketKey
from trading_mcp.domain.signals import Signal

FRESH_MS = 60_000
"""How long such a wish counts, in trading time: then the market is another one."""


class Reversals:
    """Signals whose entry waits, at most one for each market and strategy: the newest.

    Not in the state: after a restart nothing is entered on what was wished before.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[MarketKey, str], tuple[int, Signal]] = {}

    def put_off(self, signal: Signal, now: int) -> None:
        """Let the entry of *signal* wait from *now* (UTC ms) on."""
        self._waiting[signal.market, signal.strategy] = now, signal

    def drop(self, market: MarketKey, strategy: str) -> None:
        """Forget what a strategy wished for: it has been asked again."""
        self._waiting.pop((market, strategy), None)

    def take(self, market: MarketKey, now: int) -> list[Signal]:
        """Return what waits in *market* and still counts at *now*; none of it waits any longer."""
        found = [key for key in self._waiting if key[0] == market]
        waited = [self._waiting.pop(key) for key in sorted(found)]
        return [signal for since, signal in waited if now - since <= FRESH_MS]
