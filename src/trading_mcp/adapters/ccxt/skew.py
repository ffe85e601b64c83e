"""The exchange's clock against ours."""

from typing import Any

from trading_mcp.ports import Clock


class ExchangeTime:
    """Tells the exchange's time by *clock* and the difference that was measured last."""

    def __init__(self, client: Any, clock: Clock):
        self._client, self._clock = client, clock
        self.skew_ms: float | None = None

    def now(self) -> int:
        """Return the exchange's time, UTC ms: our own until it has been measured."""
        return self._clock.wall() + round(self.skew_ms or 0.0)

    async def measure(self) -> float | None:
        """Return the exchange's time minus ours in ms, half the way there and back taken off.

        None where the exchange does not tell its time.
        """
        if not self._client.has.get("fetchTime"):
            return None
        began, asked_at = self._clock.monotonic(), self._clock.wall()
        told = await self._client.fetch_time()
        if not told:
            return None
        took_ms = (self._clock.monotonic() - began) * 1000
        self.skew_ms = float(told) - (asked_at + took_ms / 2)
        return self.skew_ms
