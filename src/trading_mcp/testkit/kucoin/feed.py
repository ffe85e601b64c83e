"""What the public channels say at each look at the market."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from trading_mcp.domain.markets import Market
from trading_mcp.testkit.kucoin import feed_futures, feed_spot
from trading_mcp.testkit.kucoin.books import Change
from trading_mcp.testkit.kucoin.intervals import LENGTHS
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.sockets import Hub
from trading_mcp.testkit.kucoin.unified import PREFIX
from trading_mcp.testkit.kucoin.unified import funding as unified_funding
from trading_mcp.testkit.kucoin.unified import mark as unified_mark

Words = dict[str, Any]


class Topic(NamedTuple):
    """One channel: its subject, and what it says of a market, if anything."""

    subject: str
    words: Callable[[Parts, Market], Words | None]


_SPOT = {
    "/market/ticker": Topic("trade.ticker", feed_spot.ticker),
    "/market/snapshot": Topic("trade.snapshot", feed_spot.snapshot),
    "/spotMarket/level1": Topic("level1", feed_spot.level1),
    "/spotMarket/level2Depth5": Topic("level2", feed_spot.depth(5)),
    "/spotMarket/level2Depth50": Topic("level2", feed_spot.depth(50)),
}
_FUTURES = {
    "/contractMarket/ticker": Topic("ticker", feed_futures.ticker),
    "/contractMarket/tickerV2": Topic("tickerV2", feed_futures.ticker_v2),
    "/contractMarket/level2Depth5": Topic("level2", feed_futures.depth(5)),
    "/contractMarket/level2Depth50": Topic("level2", feed_futures.depth(50)),
    "/contractMarket/snapshot": Topic("snapshot.24h", feed_futures.snapshot),
    "/contract/instrument": Topic("mark.index.price", feed_futures.mark),
    f"{PREFIX}mark-price": Topic("mark-price", unified_mark),
    f"{PREFIX}funding-fee": Topic("funding-fee", unified_funding),
}
_BOOKS = {"spot": "/market/level2", "perpetual": "/contractMarket/level2"}
_TRADES = {"spot": "/market/match", "perpetual": "/contractMarket/execution"}
_CANDLES = {"spot": "/market/candles", "perpetual": "/contractMarket/limitCandle"}


class Feed:
    """Tells *hub*'s listeners what the markets do."""

    def __init__(self, kucoin: Parts, hub: Hub):
        self._kucoin, self._hub = kucoin, hub
        self._told = kucoin.clock.now()
        kucoin.on_book = self._tell_book

    def tick(self) -> None:
        """Look at the market and tell."""
        # What happens in this very millisecond is told at the next look, all of it.
        since, self._told = self._told, self._kucoin.clock.now()
        for market in self._kucoin.listing.markets.values():
            name = self._kucoin.listing.wire[market.symbol]
            self._tell_states(market, name)
            self._tell_trades(market, name, since)
            self._tell_candles(market, name)
            if any(self._hub.listeners(_BOOKS[market.type], name)):
                self._kucoin.publish_book(market.symbol)

    def say(self, kind: str, name: str, subject: str, words: Words) -> None:
        """Tell those who listen to a market's channel, or to that of all markets."""
        for socket, topic in self._hub.listeners(kind, name):
            told = name if topic.endswith(":all") else subject
            if topic.startswith(PREFIX):
                socket.tell({"T": subject, "d": words})
            else:
                socket.tell({"topic": topic, "type": "message", "subject": told, "data": words})

    def repeat_book(self, symbol: str, change: Change) -> None:
        """Tell of a change of the book, whether it is new or not."""
        self._tell_book(symbol, [change])

    def _tell_states(self, market: Market, name: str) -> None:
        for kind, topic in (_SPOT if market.type == "spot" else _FUTURES).items():
            if any(self._hub.listeners(kind, name)):
                words = topic.words(self._kucoin, market)
                if words is not None:
                    self.say(kind, name, topic.subject, words)

    def _tell_trades(self, market: Market, name: str, since: int) -> None:
        kind = _TRADES[market.type]
        if not any(self._hub.listeners(kind, name)):
            return
        spot = market.type == "spot"
        words = feed_spot.trade if spot else feed_futures.trade
        for trade in self._kucoin.prices.trades(market.symbol, since, self._told):
            self.say(kind, name, "trade.l3match" if spot else "match", words(market, trade))

    def _tell_candles(self, market: Market, name: str) -> None:
        kind = _CANDLES[market.type]
        spot = market.type == "spot"
        for wanted in self._hub.wanted(kind):
            of, _, interval = wanted.partition("_")
            if of == name and interval in LENGTHS:
                words = feed_spot.candle if spot else feed_futures.candle
                data = words(self._kucoin, market, LENGTHS[interval])
                self.say(kind, wanted, "trade.candles.update" if spot else "candle.stick", data)

    def _tell_book(self, symbol: str, changes: list[Change]) -> None:
        market = self._kucoin.listing.markets[symbol]
        name, kind = self._kucoin.listing.wire[symbol], _BOOKS[market.type]
        if not changes or not any(self._hub.listeners(kind, name)):
            return
        for words in self._book_words(market, changes):
            subject = "trade.l2update" if market.type == "spot" else "level2"
            self.say(kind, name, subject, words)

    def _book_words(self, market: Market, changes: list[Change]) -> Iterator[Words]:
        at = self._kucoin.clock.now()
        if market.type == "spot":
            yield feed_spot.book_changes(market, changes, at)
        else:
            yield from (feed_futures.book_change(market, change, at) for change in changes)
