"""Downloads the candles that the store lacks, and says what became of the rest."""

import asyncio
from collections.abc import Sequence

import msgspec

from trading_mcp.domain.candles import interval_ms
from trading_mcp.domain.spans import Hole, Span, inside
from trading_mcp.ports import CandleArchive, Clock, PastCandles
from trading_mcp.services.history.buffering import Buffer
from trading_mcp.services.history.events import Fetched, Tell
from trading_mcp.services.history.filling import Filling, stretches
from trading_mcp.services.history.pages import Pages, Sleep, Unanswered
from trading_mcp.services.history.wanted import Wanted

_MOST_FAILURES = 2
"""So many pages without an answer, one after the other, and the exchange is not there."""


class Failure(msgspec.Struct, frozen=True):
    """The exchange could not be made to tell of *span*; *reason* is its last error."""

    span: Span
    reason: str


class Downloaded(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a download.

    *fetched* candles came from the exchange now. *begins_at* is the opening time of the first
    stored candle (UTC ms; None: there is none). *holes* is all that is missing of what was
    wanted: not traded where answered. *failures* is what could not be fetched.
    """

    wanted: Wanted
    fetched: int
    begins_at: int | None
    holes: tuple[Hole, ...]
    failures: tuple[Failure, ...]


class Download:
    """One download. What was fetched is on disk when it ends, however it ends."""

    def __init__(
        self,
        wanted: Wanted,
        data: PastCandles,
        archive: CandleArchive,
        *,
        clock: Clock,
        tell: Tell,
        sleep: Sleep = asyncio.sleep,
    ):
        self._wanted, self._archive, self._tell = wanted, archive, tell
        self._clock = clock
        self._pages = Pages(data, wanted.symbol, wanted.interval, sleep=sleep, tell=tell)
        self._buffer = Buffer(archive, wanted.series, clock=clock, tell=tell)
        self._missing: Sequence[Span] = ()
        self._failures: list[Failure] = []
        self._failures_in_a_row = self._fetched = 0

    async def run(self) -> Downloaded:
        """Fetch what is missing, the oldest first.

        Raises:
            InvalidParameter: the exchange does not have this market or interval.
            StorageUnavailable: the store cannot be read or written.
        """
        fillings = await self._fillings()
        try:
            for filling in fillings:
                await self._fill(filling, fillings)
        except Unanswered as failure:
            self._failures += [
                Failure(Span(f.known, f.span.end), str(failure)) for f in fillings if not f.is_done
            ]
        finally:
            await self._buffer.flush()
        return await self._result()

    async def _fillings(self) -> list[Filling]:
        holes = await self._archive.holes(*self._wanted.series, self._wanted.span)
        self._missing = [hole.span for hole in holes if not hole.answered]
        step = interval_ms(self._wanted.interval)
        latest = self._clock.now() // step * step
        return [
            Filling(span, self._pages, step=step, latest=latest)
            for span in stretches(self._missing, step)
        ]

    async def _fill(self, filling: Filling, fillings: Sequence[Filling]) -> None:
        while not filling.is_done:
            try:
                candles, answered = await filling.next_page()
            except Unanswered as failure:
                self._failures.append(Failure(filling.skip_page(), str(failure)))
                self._failures_in_a_row += 1
                if self._failures_in_a_row == _MOST_FAILURES:
                    raise
                continue
            self._failures_in_a_row = 0
            # What is stored stays as it is: somebody may have imported it on purpose.
            new = candles[inside(candles.time, self._missing)]
            self._fetched += len(new)
            await self._buffer.add(new, answered)
            self._tell(self._progress(fillings, answered.end))

    def _progress(self, fillings: Sequence[Filling], until: int) -> Fetched:
        done = sum(min(f.known, f.span.end) - f.span.start for f in fillings)
        return Fetched(
            until=until,
            candles=self._fetched,
            done_ms=done,
            of_ms=sum(f.span.length for f in fillings),
        )

    async def _result(self) -> Downloaded:
        extent = await self._archive.extent(*self._wanted.series)
        holes = await self._archive.holes(*self._wanted.series, self._wanted.span)
        return Downloaded(
            wanted=self._wanted,
            fetched=self._fetched,
            begins_at=extent.start if extent else None,
            holes=tuple(holes),
            failures=tuple(self._failures),
        )
