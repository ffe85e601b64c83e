"""Asks an exchange for candles, a page at a time, until it has answered."""

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np

from trading_mcp.domain.candles import Candles, interval_ms
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.flaws import flaws, repeated, unsorted
from trading_mcp.domain.quotes import NotOffered
from trading_mcp.domain.spans import Span
from trading_mcp.domain.times import DAY_MS, iso
from trading_mcp.ports import PastCandles
from trading_mcp.services.history.columns import joined
from trading_mcp.services.history.events import Tell, Waiting

PAGE = 999
"""Candles to a question. With the one before they are what most exchanges give at once."""
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Waits between the tries of one question: an exchange that is asked too often says so."""
_PATIENCE_S = 60.0
_LONGEST = 160
Sleep = Callable[[float], Awaitable[None]]


class Unanswered(Exception):
    """The exchange did not answer, however often it was asked; the message says why."""


class Pages:
    """The candles of one market as its exchange tells them.

    Questions raise Unanswered, and InvalidParameter for what the exchange does not have.
    """

    def __init__(self, data: PastCandles, symbol: str, interval: str, *, sleep: Sleep, tell: Tell):
        self._data, self._symbol, self._interval = data, symbol, interval
        self._step = interval_ms(interval)
        self._sleep, self._tell = sleep, tell

    async def within(self, span: Span) -> Candles:
        """Return every candle of *span* that the exchange has."""
        parts, end = list[Candles](), span.end
        while True:
            # One more than there can be: the candle before shows that the answer reaches back.
            limit = (end - span.start) // self._step + 1
            part = await self._believed(self._interval, limit, end)
            parts.append(part[int(np.searchsorted(part.time, span.start)) :])
            if len(part) == 0 or part.time[0] <= span.start:
                return joined(parts[::-1])
            end = int(part.time[0])  # it gives fewer at once, or nobody traded at first

    async def resumption(self, at: int, until: int) -> int:
        """Return a time before which nobody traded since *at*, as far as days' candles tell."""
        # The newest day has no candle yet, and not everywhere does a day begin at midnight UTC.
        recent = (until // DAY_MS - 2) * DAY_MS
        while at < recent:
            end = min(at + PAGE * DAY_MS, until)
            days = await self._believed("1d", (end - at) // DAY_MS + 2, end)
            if len(traded := days.time[days.time > at - DAY_MS]):
                return max(at, (int(traded[0]) // DAY_MS - 1) * DAY_MS)
            at = min(end, recent)
        return at

    async def _believed(self, interval: str, limit: int, end: int) -> Candles:
        """Ask; that there is nothing at all is believed only when it was said twice."""
        answer = await self._asked(interval, limit, end)
        return answer if len(answer) else await self._asked(interval, limit, end)

    async def _asked(self, interval: str, limit: int, end: int) -> Candles:
        for pause in PAUSES_S:
            try:
                return await self._answer(interval, limit, end)
            except Unanswered as failure:
                self._tell(Waiting(seconds=pause, reason=str(failure)))
            await self._sleep(pause)
        return await self._answer(interval, limit, end)

    async def _answer(self, interval: str, limit: int, end: int) -> Candles:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                answer = await self._data.candles(self._symbol, interval, limit=limit, end=end)
        except (ValueError, NotOffered) as error:
            raise InvalidParameter(str(error)) from error
        except Exception as error:  # whatever the adapter raised: it failed to answer
            raise Unanswered(_words(error)) from error
        _must_be_possible(answer, interval, end)
        return answer


def _words(error: Exception) -> str:
    """Return what *error* says on one line: it may quote a whole page from outside."""
    text = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    return "".join(letter if letter.isprintable() else "?" for letter in text[:_LONGEST])


def _must_be_possible(answer: Candles, interval: str, end: int) -> None:
    """Raise Unanswered for candles that cannot be: nothing of such an answer is believed."""
    found = [repeated(answer.time), unsorted(answer.time), *flaws(answer, interval_ms(interval))]
    for flaw in found:
        if len(flaw.rows):
            at = iso(int(answer.time[flaw.rows[0]]))
            raise Unanswered(f"a candle that cannot be: the one of {at} {flaw.what}")
    if len(answer) and answer.time[-1] >= end:
        raise Unanswered(f"candles of {iso(int(answer.time[-1]))}, but was asked before {iso(end)}")
