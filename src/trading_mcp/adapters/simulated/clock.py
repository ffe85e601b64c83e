"""A clock that runs faster than the wall."""

from trading_mcp.ports import Clock


class SimulatedClock:
    """Trading time that started at *start* (UTC ms) and runs *speed* times as fast as *base*."""

    def __init__(self, base: Clock, *, speed: float, start: int):
        self._base, self._speed, self._start = base, speed, start
        self._began = base.monotonic()

    def now(self) -> int:
        """Return the trading time, UTC ms."""
        elapsed = self._base.monotonic() - self._began
        return self._start + int(elapsed * self._speed * 1000)

    def wall(self) -> int:
        """Return the wall clock's time, UTC ms."""
        return self._base.wall()

    def monotonic(self) -> float:
        """Return real seconds that only ever grow."""
        return self._base.monotonic()
