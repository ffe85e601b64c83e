"""Windows of candles over REST: in pages, without holes, and never one that has not closed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from trading_mcp.adapters.ccxt.intervals import joined, source_interval
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.readings import candle
from trading_mcp.adapters.ccxt.traits import Traits
from trading_mcp.domain.candles import INTERVALS, Candle, Candles, interval_ms

log = structlog.get_logger(__name__)
_PAGE = 500
_PUBLISHED_MS = 10_000
"""By then an exchange shows over REST what has closed, if it traded at all."""
_TRIES, _PAUSE_S = 4, 0.5


class CandleQuestions:
    """Asks one exchange for candles.

    An exchange may leave out intervals in which nobody traded: these are made flat, at the last
    close and without volume, so that a window has no holes. Only such whose being empty is known:
    the exchange shows something later, or no trade within, or has had its time to publish.
    """

    def __init__(
        self,
        client: Any,
        traits: Traits,
        *,
        now: Callable[[], int],
        last_trade_at: Callable[[Listed], Awaitable[int | None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ):
        self._client, self._traits, self._now = client, traits, now
        self._last_trade_at, self._sleep = last_trade_at, sleep
        self.made_flat = 0

    async def window(self, listed: Listed, interval: str, limit: int, end: int | None) -> Candles:
        """Return the *limit* newest closed candles that opened before *end* (UTC ms; now).

        Fewer where the market is younger, or the newest are not published yet.

        Raises:
            ValueError: unknown interval.
            NotOffered: the exchange has no such candles.
        """
        length, now = interval_ms(interval), self._now()
        source_interval(self._client, self._traits, listed, interval)
        latest = now // length * length
        stop = latest if end is None else min(-(-end // length) * length, latest)
        start = max(stop - max(limit, 0) * length, 0)
        if start >= stop:
            return Candles.of([])
        rows = await self._settled(listed, interval, start, stop)
        return Candles.of(rows)

    async def closed(
        self,
        listed: Listed,
        interval: str,
        opened_at: int,
        heard: Candle | None,
        last: float | None,
    ) -> Candle | None:
        """Return one closed candle, which has all that was *heard* of it; None: not published yet.

        Flat at *last*, the close before, if nobody traded.
        """
        length = INTERVALS[interval]
        for turn in range(_TRIES):
            rows = await self.told(listed, interval, opened_at, opened_at + 2 * length)
            edge = opened_at + length
            if await self._known_until(listed, rows, opened_at, edge, length) >= edge:
                row = next((row for row in rows if row.opened_at == opened_at), None)
                if heard is None or (row is not None and spans(row, heard)):
                    return row or await self._flat(listed, interval, opened_at, last)
            if turn + 1 < _TRIES:
                await self._sleep(_PAUSE_S)
        return None

    async def told(self, listed: Listed, interval: str, start: int, stop: int) -> list[Candle]:
        """Return what the exchange has of [start, stop), oldest first, holes and all."""
        source = source_interval(self._client, self._traits, listed, interval)
        rows = await self._pages(listed, source, start, stop)
        return list(joined(rows, INTERVALS[interval])) if source != interval else rows

    async def _settled(self, listed: Listed, interval: str, start: int, stop: int) -> list[Candle]:
        length = INTERVALS[interval]
        for turn in range(_TRIES):
            # One more, which may be open still: if it is there, all before it is published.
            rows = await self.told(listed, interval, start, stop + length)
            known = await self._known_until(listed, rows, start, stop, length)
            if known >= stop or turn == _TRIES - 1:
                break
            await self._sleep(_PAUSE_S)
        inside = [row for row in rows if row.opened_at < min(stop, known)]
        before = await self._close_before(listed, interval, inside, start)
        whole = filled(inside, start, min(stop, known), length, before)
        self._count(listed, len(whole) - len(inside))
        return whole

    async def _flat(
        self, listed: Listed, interval: str, opened_at: int, last: float | None
    ) -> Candle | None:
        before = await self._close_before(listed, interval, [], opened_at) if last is None else last
        self._count(listed, int(before is not None))
        return None if before is None else flat(opened_at, before)

    async def _known_until(
        self, listed: Listed, rows: Sequence[Candle], start: int, stop: int, length: int
    ) -> int:
        """Return up to when *rows* of [start, stop) are final, and what is missing is empty."""
        shown = rows[-1].opened_at if rows else start
        published = (self._now() - _PUBLISHED_MS) // length * length
        if max(shown, published) >= stop:
            return stop
        traded_at = await self._last_trade_at(listed)
        end = shown + length if rows else start
        return stop if traded_at is None or traded_at < end else max(shown, published)

    async def _close_before(
        self, listed: Listed, interval: str, rows: Sequence[Candle], start: int
    ) -> float | None:
        if rows and rows[0].opened_at == start:
            return None
        length = INTERVALS[interval]
        earlier = await self.told(listed, interval, max(start - _PAGE * length, 0), start)
        return earlier[-1].close if earlier else None

    async def _pages(self, listed: Listed, interval: str, start: int, stop: int) -> list[Candle]:
        length, found = INTERVALS[interval], dict[int, Candle]()
        size = self._page(listed)
        for since in range(start, stop, size * length):
            count = min(size, (stop - since) // length)
            raws = await self._client.fetch_ohlcv(listed.name, interval, since=since, limit=count)
            rows = (candle(raw, listed, length) for raw in raws)
            found |= {row.opened_at: row for row in rows if start <= row.opened_at < stop}
        return [found[opened_at] for opened_at in sorted(found)]

    def _page(self, listed: Listed) -> int:
        told = self._client.feature_value(listed.name, "fetchOHLCV", "limit") or _PAGE
        return min(int(told), self._traits.candle_page.get(listed.market.type, int(told)))

    def _count(self, listed: Listed, flat: int) -> None:
        self.made_flat += flat
        if flat:
            log.debug("candles_made_flat", market=listed.market.key, count=flat)


def filled(
    rows: Sequence[Candle], start: int, stop: int, length: int, before: float | None
) -> list[Candle]:
    """Return *rows* with a flat candle wherever one is missing in [start, stop).

    *before* is the last close before *start*; without one the window begins at the first row.
    """
    known = {row.opened_at: row for row in rows}
    whole, close = list[Candle](), before
    for opened_at in range(start, stop, length):
        row = known.get(opened_at)
        if row is None and close is None:
            continue
        whole.append(row or flat(opened_at, close or 0.0))
        close = whole[-1].close
    return whole


def flat(opened_at: int, price: float) -> Candle:
    """Return the candle of a time in which nobody traded."""
    return Candle(opened_at, price, price, price, price, 0.0)


def spans(row: Candle, heard: Candle) -> bool:
    """Say whether *row* reaches as far as what was *heard* of it."""
    return row.low <= heard.low and row.high >= heard.high
