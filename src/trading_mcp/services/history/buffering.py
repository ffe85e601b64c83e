"""Candles on their way from an exchange to disk: some wait, none is lost."""

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.spans import Span, merged
from trading_mcp.domain.times import start_of_month
from trading_mcp.ports import CandleArchive, Clock
from trading_mcp.services.history.columns import joined
from trading_mcp.services.history.events import Kept, Tell

_LONGEST_S = 5.0
"""What a crash can cost, in fetching time. An interruption costs nothing."""


class Buffer:
    """Collects fetched candles, and writes them when a month is full or some seconds are over."""

    def __init__(
        self,
        archive: CandleArchive,
        series: tuple[str, str, str],
        *,
        clock: Clock,
        tell: Tell,
    ):
        self._archive, self._series = archive, series
        self._clock, self._tell = clock, tell
        self._parts: list[Candles] = []
        self._answered: list[Span] = []
        self._written_at = clock.monotonic()

    async def add(self, candles: Candles, answered: Span) -> None:
        """Take *candles*, all that the exchange has of *answered*; write if it is time."""
        if not answered.length:
            return  # nothing is certain yet
        self._parts.append(candles)
        self._answered.append(answered)
        first = min(span.start for span in self._answered)
        is_late = self._clock.monotonic() - self._written_at >= _LONGEST_S
        if is_late or start_of_month(first) != start_of_month(answered.end):
            await self.flush()

    async def flush(self) -> None:
        """Write what waits. Raises StorageUnavailable; it then still waits."""
        self._written_at = self._clock.monotonic()
        if not self._answered:
            return
        candles, answered = joined(self._parts), merged(self._answered)
        await self._archive.keep(*self._series, candles, answered)
        # Only now: whoever is interrupted while it is written writes it again.
        self._parts, self._answered = [], []
        self._tell(Kept(until=answered[-1].end, candles=len(candles)))
