"""One market as its streams tell of it: the price since the last move, its quotes, its candles."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from trading_mcp.adapters.ccxt.forming import Forming
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.domain.quotes import PriceMove, PublicTrade

_REMEMBERED = 3_000
"""Ids of trades that are remembered, so that none is taken twice."""


class Span(NamedTuple):
    """How the price went since the last move."""

    open: float
    high: float
    low: float
    last: float


class Touch(NamedTuple):
    """The best prices."""

    bid: float
    ask: float


class Line:
    """Decides nothing and waits for nothing. Times are the exchange's, UTC ms.

    *edge* is when the candles close that have not been told yet: what happened at or after it
    waits, so that nobody hears of it before them.
    """

    def __init__(self, listed: Listed, forming: Forming, edge: int):
        self.listed, self.forming, self.edge = listed, forming, edge
        self.last: float | None = None
        self.last_trade_at: int | None = None
        self.sound_since: int | None = None
        self.is_doubted = False
        self.closed_until = 0
        self.last_close: float | None = None
        self._span: Span | None = None
        self._later: Span | None = None
        self._touch: Touch | None = None
        self._changed = False
        self._known: deque[str] = deque(maxlen=_REMEMBERED)
        self._ids: set[str] = set()

    def trade(self, trade: PublicTrade) -> bool:
        """Take in a trade; False: it is known already."""
        if self.knows(trade):
            return False
        self.remember(trade)
        self.forming.trade(trade)
        self.price(trade.price, later=trade.at >= self.edge)
        return True

    def price(self, price: float, *, later: bool = False) -> None:
        """Take in a price that was traded at."""
        if later:
            self._later = _extended(self._later, price)
        else:
            self._span = _extended(self._span, price)
        self.last, self._changed = price, True

    def touch(self, touch: Touch) -> None:
        """Take in the best prices."""
        self._changed = self._changed or touch != self._touch
        self._touch = touch

    def refresh(self) -> None:
        """Let the next move be told even if nothing has changed: it is known to be so."""
        self._changed = True

    def move(self, at: int) -> PriceMove | None:
        """Return what happened since the last move up to the edge, None if there is no news."""
        if not self._changed or self.last is None or self._touch is None:
            return None
        if self._span is None and self._later is not None:
            return None  # its only news is of after the edge
        span = self._span or Span(self.last, self.last, self.last, self.last)
        self._span, self._changed = None, False
        return PriceMove(
            market=self.listed.market.key,
            at=at,
            open=span.open,
            high=span.high,
            low=span.low,
            last=span.last,
            bid=self._touch.bid,
            ask=self._touch.ask,
        )

    def pass_edge(self, edge: int) -> None:
        """Go on to the next edge: what had to wait is news now."""
        self.edge = edge
        self._span, self._later = _joined(self._span, self._later), None
        self._changed = self._changed or self._span is not None

    def unknown(self, trades: Iterable[PublicTrade]) -> list[PublicTrade]:
        """Return those of *trades* that have not been heard of since the last one."""
        newest = self.last_trade_at or 0
        return [trade for trade in trades if trade.at >= newest and not self.knows(trade)]

    def knows(self, trade: PublicTrade) -> bool:
        """Say whether *trade* has been heard of."""
        return trade.id in self._ids

    def remember(self, trade: PublicTrade) -> None:
        """Note a trade that is no news."""
        if not self.knows(trade):
            self._remember(trade.id)
            self.last_trade_at = max(trade.at, self.last_trade_at or 0)

    def lose(self) -> None:
        """Note that trades may have been missed from now on."""
        self.sound_since = None

    def lose_touch(self) -> None:
        """Note that the best prices are not known: no move is told until they are."""
        self._touch = None

    def _remember(self, number: str) -> None:
        if len(self._known) == _REMEMBERED:
            self._ids.discard(self._known[0])
        self._known.append(number)
        self._ids.add(number)


def _extended(span: Span | None, price: float) -> Span:
    if span is None:
        return Span(price, price, price, price)
    return Span(span.open, max(span.high, price), min(span.low, price), price)


def _joined(one: Span | None, other: Span | None) -> Span | None:
    if one is None or other is None:
        return one or other
    return Span(one.open, max(one.high, other.high), min(one.low, other.low), other.last)
