"""One market as its streams tell of it: the price since the last move, its quotes, its candles."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from trading_mcp.adapters.ccxt.forming import Forming
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.readings import Nonsense, price
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

    It is followed since *begun_at*: what was traded before is no news. Of what was traded since
    *missed_since*, something may not have been heard; None: all of it has been.
    """

    def __init__(self, listed: Listed, forming: Forming, begun_at: int):
        self.listed, self.forming, self.begun_at = listed, forming, begun_at
        self.missed_since: int | None = begun_at
        self.last: float | None = None
        self.last_trade_at: int | None = None
        self.sound_since: int | None = None
        self.is_doubted = False
        self.closed_until = 0
        self.last_close: float | None = None
        self._span: Span | None = None
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
        self.price(trade.price)
        return True

    def price(self, price: float) -> None:
        """Take in a price that was traded at."""
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
        """Return what happened since the last move, None if there is no news."""
        if not self._changed or self.last is None or self._touch is None:
            return None
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

    def unknown(self, trades: Iterable[PublicTrade], since: int) -> list[PublicTrade]:
        """Return those of *trades* that were made at *since* or later and not heard of."""
        return [trade for trade in trades if trade.at >= since and not self.knows(trade)]

    def knows(self, trade: PublicTrade) -> bool:
        """Say whether *trade* has been heard of."""
        return trade.id in self._ids

    def remember(self, trade: PublicTrade) -> None:
        """Note a trade that is no news."""
        if not self.knows(trade):
            self._remember(trade.id)
            self.last_trade_at = max(trade.at, self.last_trade_at or 0)

    def trust(self, since: int) -> None:
        """Note that no trade is missed from *since* on, and none from before is missing."""
        self.sound_since, self.missed_since = since, None

    def lose(self) -> None:
        """Note that trades may have been missed after the last that was heard."""
        self.sound_since = None
        if self.missed_since is None:
            self.missed_since = max(self.last_trade_at or 0, self.begun_at)

    def lose_touch(self) -> None:
        """Note that the best prices are not known: no move is told until they are."""
        self._touch = None

    def _remember(self, number: str) -> None:
        if len(self._known) == _REMEMBERED:
            self._ids.discard(self._known[0])
        self._known.append(number)
        self._ids.add(number)


def touch_of(book: Mapping[str, Any]) -> Touch | None:
    """Read the best prices off ccxt's book, None if they can't be."""
    if not book["bids"] or not book["asks"]:
        return None
    try:
        bid, ask = price(book["bids"][0][0]), price(book["asks"][0][0])
    except Nonsense:
        return None
    return Touch(bid, ask) if bid < ask else None


def _extended(span: Span | None, price: float) -> Span:
    if span is None:
        return Span(price, price, price, price)
    return Span(span.open, max(span.high, price), min(span.low, price), price)
