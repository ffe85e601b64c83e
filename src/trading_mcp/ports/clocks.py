"""The time that everything goes by."""

from typing import Protocol


class Clock(Protocol):
    """The time that trading goes by."""

    def now(self) -> int:
        """Return the trading time, UTC ms: the exchange's, which a simulation may run faster."""
        ...

    def wall(self) -> int:
        """Return the wall clock's time, UTC ms: what tokens and people go by."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow: for latencies and time-outs."""
        ...
