"""A clock that shows the time of the candle that is being played."""

from trading_mcp.ports import Clock


class ReplayClock:
    """Trading time is where the replay stands; all else is *base*'s."""

    def __init__(self, base: Clock, at: int):
        self._base, self._at = base, at

    def now(self) -> int:
        """Return the trading time, UTC ms."""
        return self._at

    def set(self, at: int) -> None:
        """Go on to *at* (UTC ms)."""
        self._at = max(self._at, at)

    def wall(self) -> int:
        """Return the wall clock's time, UTC ms."""
        return self._base.wall()

    def monotonic(self) -> float:
        """Return real seconds that only ever grow."""
        return self._base.monotonic()
