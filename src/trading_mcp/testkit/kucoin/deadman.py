"""The switch that cancels what rests when its owner is not heard of."""

from trading_mcp.testkit.kucoin.exchange import Exchange
from trading_mcp.testkit.kucoin.slips import Refusal

_SHORTEST, _LONGEST = 5, 86_400


class DeadMan:
    """Set for so many seconds, for some markets or for all; set again before they are over."""

    def __init__(self) -> None:
        self.seconds, self.due_at = -1, 0
        self.names: tuple[str, ...] = ()

    def set(self, seconds: int, names: tuple[str, ...], now: int) -> int:
        """Begin anew; -1 ends it. Return when it is due (UTC ms)."""
        if seconds != -1 and not _SHORTEST <= seconds <= _LONGEST:
            raise Refusal("400100", "timeout is out of range")
        self.seconds, self.names = seconds, names
        self.due_at = now + max(seconds, 0) * 1000
        return self.due_at

    def is_due(self, now: int) -> bool:
        """Say whether it has not been set again in time."""
        return self.seconds > 0 and now >= self.due_at

    def fire(self, exchange: Exchange) -> None:
        """Cancel what rests in its markets, and end."""
        self.seconds = -1
        for slip in exchange.register.live("spot"):
            if slip.state == "open" and (not self.names or slip.wish.symbol in self.names):
                exchange.cancel(slip, "spot")
