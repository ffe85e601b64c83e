"""Prices at this instant, for an account that is filled against them."""

from collections.abc import Callable
from decimal import Decimal

from trading_mcp.adapters.ccxt import readings
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.polls import Polls
from trading_mcp.adapters.ccxt.readings import Nonsense
from trading_mcp.adapters.ccxt.sources import Sources
from trading_mcp.adapters.ccxt.streams import Streams
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.quotes import NoQuote, OrderBook

_DEPTH = 200


class Prices:
    """Answers `ports.Quotes` from what is followed; NoQuote for the rest."""

    def __init__(
        self,
        sources: Sources,
        streams: Streams,
        polls: Polls,
        listed: Callable[[str], Listed],
    ):
        self._sources, self._streams, self._polls = sources, streams, polls
        self._listed = listed

    def depth(self, symbol: str) -> OrderBook:
        """Return the local book now, as deep as it is known."""
        listed = self._listed(symbol)
        following = self._streams.following(listed.market.symbol)
        if following is None or not following.has_whole_book:
            raise NoQuote(f"the book of {listed.market.symbol} is not followed, or out of step")
        told = self._sources.client.orderbooks[listed.name]
        raw = {"bids": told["bids"], "asks": told["asks"]}
        try:
            return readings.order_book(raw, listed, self._sources.clock.now(), _DEPTH)
        except Nonsense as fault:
            raise NoQuote(f"the book of {listed.market.symbol} can't be: {fault}") from None

    def mark(self, symbol: str) -> Decimal:
        """Return a perpetual's mark price, or the last price where there is none."""
        listed = self._listed(symbol)
        told = self._polls.mark(symbol)
        following = self._streams.following(symbol)
        price = following.line.last if told is None and following is not None else told
        if price is None:
            raise NoQuote(f"no price of {symbol} is known")
        return listed.market.near_price(exact(price))

    def funding_rate(self, symbol: str, at: int) -> float:
        """Return the funding rate (a fraction) that is paid at *at* (UTC ms)."""
        return self._polls.rate(symbol, at)

    def funding_after(self, symbol: str, at: int) -> int:
        """Return when a perpetual pays funding next, after *at* (both UTC ms)."""
        return self._polls.due_after(symbol, at)
