"""The wall clock: the only place that reads it."""

import time


class SystemClock:
    """Time as this machine has it: trading goes by the wall clock."""

    def now(self) -> int:
        """Return the trading time, UTC ms."""
        return self.wall()

    def wall(self) -> int:
        """Return the wall clock's time, UTC ms."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()
