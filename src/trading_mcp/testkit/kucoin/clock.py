"""The exchange's clock, which may be wrong."""

from trading_mcp.ports import Clock


class SkewedClock:
    """Another clock, *skew_ms* ahead of it."""

    def __init__(self, base: Clock, skew_ms: int = 0):
        self._base, self.skew_ms = base, skew_ms

    def now(self) -> int:
        """Return the exchange's time, UTC ms."""
        return self._base.wall() + self.skew_ms

    def wall(self) -> int:
        """Return the exchange's time, UTC ms: it knows no other."""
        return self.now()

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return self._base.monotonic()
