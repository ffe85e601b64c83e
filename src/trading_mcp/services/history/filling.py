"""One stretch of history, asked for from its start on."""

from collections.abc import Sequence

import numpy as np

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.spans import Span
from trading_mcp.domain.times import DAY_MS
from trading_mcp.services.history.pages import PAGE, Pages, Unanswered

NEAR = PAGE // 10
"""So few stored candles between two holes are asked for again sooner than with two questions."""


class Filling:
    """What is known of *span*, and what is to be asked next.

    Only a candle that the exchange gives makes certain that those before it, which it did not
    give, are not still to come. So it is asked beyond the end until there is one, or *latest*.
    """

    def __init__(self, span: Span, pages: Pages, *, step: int, latest: int):
        self.span, self.known = span, span.start
        self._pages, self._step, self._latest = pages, step, latest
        self._asked = span.start

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to ask."""
        return self.known >= self.span.end or self._asked >= self._latest

    async def next_page(self) -> tuple[Candles, Span]:
        """Ask on; return candles of the span, and of which time it is certain that they are all.

        Raises Unanswered; the question may be put again.
        """
        page, since = self._page(), self.known
        candles = await self._pages.within(page)
        if len(candles):
            self.known = self._asked = int(candles.time[-1]) + self._step
        else:
            self._asked = await self._after_nothing_in(page)
        wanted = candles[: int(np.searchsorted(candles.time, self.span.end))]
        return wanted, Span(since, min(self.known, self.span.end))

    def skip_page(self) -> Span:
        """Give up the page that was not answered; return what stays unknown for it."""
        end, since = self._page().end, self.known
        self.known = self._asked = end
        return Span(since, min(end, self.span.end))

    def _page(self) -> Span:
        full = min(self._asked + PAGE * self._step, self._latest)
        # One candle more than is missing: the one that makes certain.
        end = min(full, self.span.end + self._step) if self._asked < self.span.end else full
        return Span(self._asked, end)

    async def _after_nothing_in(self, page: Span) -> int:
        if self._step == DAY_MS or page.length < PAGE * self._step:
            return page.end
        try:
            return await self._pages.resumption(page.end, self._latest)
        except (Unanswered, InvalidParameter):
            return page.end  # then page by page


def stretches(holes: Sequence[Span], step: int) -> list[Span]:
    """Return what to ask for: holes with little between them are one."""
    asked: list[Span] = []
    for hole in holes:
        if asked and hole.start - asked[-1].end < NEAR * step:
            asked[-1] = Span(asked[-1].start, hole.end)
        else:
            asked.append(hole)
    return asked
