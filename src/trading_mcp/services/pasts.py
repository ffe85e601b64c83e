"""A market's past as runs need it: from the store, and what that lacks from the exchange."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from trading_mcp.backtest.histories import Settlements
from trading_mcp.backtest.soundness import repaired
from trading_mcp.backtest.terms import ground_of
from trading_mcp.domain.candles import Candles, interval_ms
from trading_mcp.domain.errors import ExchangeError, InvalidParameter
from trading_mcp.domain.markets import Market
from trading_mcp.domain.spans import Span
from trading_mcp.domain.times import iso
from trading_mcp.engine.session import Session
from trading_mcp.ports import CandleArchive
from trading_mcp.services.history.download import Download, Downloaded
from trading_mcp.services.history.events import Event, Fetched
from trading_mcp.services.history.wanted import Wanted
from trading_mcp.services.views import milliseconds

if TYPE_CHECKING:
    from trading_mcp.backtest.runs import Data

MOST_CANDLES = 5_000_000
_LONGEST = 160

Archive = Callable[[], CandleArchive]
"""Opens the candle store; blocks for a moment."""
SettlementsOf = Callable[[Market, Span], Awaitable[Settlements | None]]
"""Return when a perpetual's funding was settled, and at what rate; None: that is not known."""
Tell = Callable[[float], None]
"""Hears what share of the missing candles has been fetched (0 to 1)."""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """The closed candles of a market in *span*, after *before* older ones for warming up.

    In *missing* intervals of the span nobody traded: where a candle was before, one without height
    and volume stands at its close.
    """

    market: Market
    interval: str
    span: Span
    candles: Candles
    before: int
    missing: int
    settlements: Settlements | None


def data_of(past: Past) -> "Data":
    """Return *past* as the history loop takes it."""
    # What runs histories is imported by those alone who run something.
    from trading_mcp.backtest.runs import Data

    return Data(
        market=past.market.symbol,
        interval=interval_ms(past.interval),
        candles=past.candles,
        ground=ground_of(past.market),
        settlements=past.settlements,
    )


class Pasts:
    """Brings candles of the past."""

    def __init__(self, session: Session, archive: Archive, settlements: SettlementsOf):
        self._session, self._open, self._settlements = session, archive, settlements

    def span(self, interval: str, start: str, end: str) -> Span:
        """Return the time of the closed candles that opened from *start* on and before *end*.

        Raises:
            InvalidParameter: no times, no candle between them, or too many.
        """
        step, now = interval_ms(interval), self._session.clock.now()
        since, until = milliseconds(start, "start_date"), milliseconds(end, "end_date")
        span = Span(-(-since // step) * step, self.end(interval, end))
        if since < 0 or span.length <= 0:
            raise _no_time(since, until, now, interval)
        if span.length // step > MOST_CANDLES:
            raise InvalidParameter(
                f"start_date: {span.length // step:,} {interval} candles are more than "
                f"{MOST_CANDLES:,}",
                hint="Ask for a longer interval, or less time.",
                field="start_date",
            )
        return span

    def end(self, interval: str, end: str) -> int:
        """Return where the closed candles before *end* end, UTC ms. Raises InvalidParameter."""
        step, now = interval_ms(interval), self._session.clock.now()
        return min(-(-milliseconds(end, "end_date") // step) * step, now // step * step)

    async def read(
        self, market: Market, interval: str, span: Span, *, warmup: int, tell: Tell
    ) -> Past:
        """Return the candles of *span* and up to *warmup* before; what is fetched is kept.

        Raises:
            InvalidParameter: the exchange has no candle there, or not this interval.
            ExchangeError: it did not tell of all candles.
            StorageUnavailable: the store cannot be read or written.
        """
        step = interval_ms(interval)
        whole = Span(max(span.start - warmup * step, 0), span.end)
        series = (market.exchange, market.symbol, interval)
        # Not before it is needed, and not on the loop: its library takes long to be imported.
        archive = await asyncio.to_thread(self._open)
        came = await self._download(archive, market, interval, whole, tell)
        candles = await archive.read(*series, start=whole.start, end=whole.end)
        if not len(candles) or candles.time[-1] < span.start:
            raise _no_candles(market, interval, span, came.begins_at)
        traded = int((candles.time >= span.start).sum())
        # Strategies that trade are shown a candle for each interval, so those that are tested too.
        candles = repaired(candles, step, "flat")
        before = int(np.searchsorted(candles.time, span.start))
        return Past(
            market=market,
            interval=interval,
            span=span,
            candles=candles,
            before=before,
            missing=span.length // step - traded,
            settlements=await self._settlements(market, span),
        )

    async def _download(
        self, archive: CandleArchive, market: Market, interval: str, span: Span, tell: Tell
    ) -> Downloaded:
        def hear(event: Event) -> None:
            if isinstance(event, Fetched):
                tell(event.done_ms / max(event.of_ms, 1))

        wanted = Wanted(
            exchange=market.exchange, symbol=market.symbol, interval=interval, span=span
        )
        exchange, clock = self._session.exchanges[market.exchange], self._session.clock
        past = exchange.past or exchange.data
        came = await Download(wanted, past, archive, clock=clock, tell=hear).run()
        if came.failures:
            first = came.failures[0]
            raise ExchangeError(
                f"{market.exchange} did not tell of all {interval} candles of {market.symbol}: "
                f"those from {iso(first.span.start)} on are missing ({first.reason[:_LONGEST]})",
                hint="Ask again later: what has come so far is kept.",
                exchange=market.exchange,
            )
        return came


def _no_time(since: int, until: int, now: int, interval: str) -> InvalidParameter:
    if since >= until:
        said = f"start_date: expected a time before end_date, {iso(max(until, 0))}"
    else:
        said = f"start_date: no {interval} candle has opened and closed between it and end_date"
    return InvalidParameter(
        said,
        hint=f"It is {iso(now)} on the exchange; candles from start_date on and before end_date "
        "count.",
        field="start_date",
    )


def _no_candles(
    market: Market, interval: str, span: Span, begins_at: int | None
) -> InvalidParameter:
    known = "" if begins_at is None else f" The first that is stored opened at {iso(begins_at)}."
    return InvalidParameter(
        f"start_date: {market.exchange} has no {interval} candles of {market.symbol} between "
        f"{iso(span.start)} and {iso(span.end)}",
        hint=f"Ask for a later time.{known}",
        field="start_date",
    )
