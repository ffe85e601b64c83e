"""ccxt's own classes, made wary: a stream outlives what it can't read, a book knows its gaps."""

import random
from collections.abc import Mapping
from typing import Any

import structlog

from trading_mcp.adapters.ccxt.books import ContinuousBook, kucoin_change
from trading_mcp.adapters.ccxt.readings import Nonsense

log = structlog.get_logger(__name__)
_TRIES = 4
_AGAIN_S = (0.2, 0.5)
"""Between two snapshots."""
_LEVELS_AT_ONCE = 400
_TOPICS = {
    "trades": ("/market/match", "/contractMarket/execution"),
    "book": ("/market/level2", "/contractMarket/level2"),
}
"""What KuCoin calls them, of spot and of futures."""
_EVERY_MS = 60_000
"""A refused message is logged so often at most."""


class Wary:
    """Mixed into each of ccxt's classes. An exception while a message is handled would end ccxt's
    reading of the stream, in silence."""

    refused_messages = 0
    _refused_at = 0

    def handle_errors(
        self: Any,
        status: int,
        reason: str,
        url: str,
        method: str,
        headers: Any,
        body: str,
        response: Any,
        *rest: Any,
    ) -> Any:
        """Refuse an answer that is none: of a page of HTML ccxt makes an empty list, or balance.

        Raises:
            Nonsense: HTTP says that all is well, and there is nothing that can be read.
        """
        if 200 <= status < 300 and not self.is_answer(response):
            raise Nonsense(f"HTTP {status} with what is no answer: {body!r:.60}")
        asked = (status, reason, url, method, headers, body, response, *rest)
        return super().handle_errors(*asked)  # type: ignore[misc]

    def is_answer(self: Any, response: Any) -> bool:
        """Say whether the exchange may have said that; *response* is None if it is no JSON."""
        return response is not None

    def handle_message(self: Any, client: Any, message: Any) -> None:
        """Handle a message; what can't be read is dropped, counted, and logged now and then."""
        import ccxt

        try:
            super().handle_message(client, message)  # type: ignore[misc]
        except ccxt.BaseError as told:
            # The exchange's own complaint: whoever waits on this line hears of it.
            client.reject(told)
        except Exception as fault:  # a message nobody foresaw: the next may be fine
            self.note_refused(fault)

    def note_refused(self: Any, fault: Exception) -> None:
        """Count a message that was refused."""
        self.refused_messages += 1
        now = self.milliseconds()
        if now - self._refused_at >= _EVERY_MS:
            self._refused_at = now
            count, words = self.refused_messages, f"{type(fault).__name__}: {fault}"[:120]
            log.warning("message_refused", exchange=self.id, count=count, fault=words)

    def is_whole(self: Any, symbol: str) -> bool:
        """Whether the local book of a market can be used."""
        return symbol in self.orderbooks

    def tells_trades(self: Any, symbol: str) -> bool:
        """Whether each trade of a market will be heard of, as far as the exchange tells that."""
        return True

    def want_book(self: Any, symbol: str) -> None:
        """Ask for a book that nothing has been told of, where the stream alone would not."""


class WaryKucoin(Wary):
    """KuCoin's books. ccxt takes changes 10, 11, 500 without a word; here a gap drops the book.

    Its token for the stream is asked for anew after each break: the old one may have ended.
    """

    def is_answer(self: Any, response: Any) -> bool:
        """Say whether KuCoin may have said that: each of its answers has a code."""
        return isinstance(response, Mapping) and "code" in response

    def handle_order_book(self: Any, client: Any, message: Any) -> None:
        """Take in a change; a book that is not whole any more is dropped and asked for anew."""
        topic = str(message.get("topic", ""))
        if "Depth" in topic:
            super().handle_order_book(client, message)  # type: ignore[misc]
            return
        symbol = self.safe_symbol(topic.partition(":")[2], None, "-")
        book = self.continuous(symbol)
        if self._took(book, message, symbol):
            client.resolve(book.book, f"orderbook:{symbol}")
        else:
            self._load(client, symbol)

    def _load(self: Any, client: Any, symbol: str) -> None:
        if self.continuous(symbol).needs_snapshot and symbol not in self._loading():
            # Noted before it runs: more changes are read in the same breath.
            self._loading().add(symbol)
            self.spawn(self.load_order_book, client, f"orderbook:{symbol}", symbol)

    def _took(self: Any, book: ContinuousBook, message: Any, symbol: str) -> bool:
        was_whole = not book.needs_snapshot
        try:
            whole = book.take(kucoin_change(message["data"]))
        except Nonsense as fault:
            book.drop()
            self.note_refused(fault)
            whole = False
        if was_whole and book.needs_snapshot:
            log.info("book_dropped", exchange=self.id, symbol=symbol)
        return whole

    def handle_order_book_subscription(self: Any, client: Any, message: Any, asked: Any) -> None:
        """Begin each book of a new subscription with a snapshot: a quiet market has one too."""
        for symbol in asked.get("symbols") or ():
            self.continuous(symbol).drop()
            self._load(client, symbol)

    def handle_subscription_status(self: Any, client: Any, message: Any) -> None:
        """Note what the exchange has begun to tell, or tells no longer."""
        topic = client.subscriptions.get(str(message.get("id")))
        asked = client.subscriptions.get(topic)
        super().handle_subscription_status(client, message)  # type: ignore[misc]
        if isinstance(asked, Mapping) and asked.get("unsubscribe"):
            _acknowledged(client).difference_update(asked.get("subMessageHashes") or ())
        elif topic is not None:
            _acknowledged(client).add(topic)

    def tells_trades(self: Any, symbol: str) -> bool:
        """Whether each trade of a market will be heard of: the exchange has said so."""
        return self._teller("trades", symbol) is not None

    def want_book(self: Any, symbol: str) -> None:
        """Ask for a book that could not be had when it was subscribed to."""
        if (client := self._teller("book", symbol)) is not None:
            self._load(client, symbol)

    def _teller(self: Any, what: str, symbol: str) -> Any:
        market = self.market(symbol)
        topic = f"{_TOPICS[what][bool(market['contract'])]}:{market['id']}"
        return next((c for c in self.clients.values() if topic in _acknowledged(c)), None)

    async def load_order_book(
        self: Any, client: Any, name: str, symbol: str, limit: Any = None, params: Any = None
    ) -> None:
        """Ask for snapshots until one joins the changes since; the line stays open throughout."""
        import ccxt

        try:
            if await self._joined(client, name, symbol):
                return
            client.reject(ccxt.ExchangeError(f"{self.id}: no snapshot joins {symbol}"), name)
        except Exception as fault:
            words = f"{self.id}: no snapshot of {symbol}: {type(fault).__name__}"
            client.reject(ccxt.ExchangeError(words), name)
            await self.sleep(1000 * random.uniform(*_AGAIN_S))
        finally:
            self._loading().discard(symbol)

    async def _joined(self: Any, client: Any, name: str, symbol: str) -> bool:
        for _ in range(_TRIES):
            told = await self.fetch_order_book(symbol)
            if self.clients.get(client.url) is not client:
                return True  # this line is gone: the next subscription begins anew
            rows = ([(row[0], row[1]) for row in told[side]] for side in ("bids", "asks"))
            # Without keys, spot is told to a hundred levels; futures whole.
            part = not self.market(symbol)["contract"]
            if self.continuous(symbol).begin(int(told["nonce"]), *rows, is_part=part):
                client.resolve(self.orderbooks[symbol], name)
                return True
            await self.sleep(1000 * random.uniform(*_AGAIN_S))
        return False

    def continuous(self: Any, symbol: str) -> ContinuousBook:
        """Return the book of a market, as ccxt's own and with its numbers watched."""
        books: dict[str, ContinuousBook] = self.__dict__.setdefault("continuous_books", {})
        known = books.get(symbol)
        # ccxt throws a book away with its subscription.
        if known is None or self.orderbooks.get(symbol) is not known.book:
            own = self.orderbooks.setdefault(symbol, self.order_book())
            # Futures tell each level by itself, so the sides may overlap for a moment.
            tolerated = _LEVELS_AT_ONCE if self.market(symbol)["contract"] else 0
            books[symbol] = ContinuousBook(own, tolerated=tolerated)
        return books[symbol]

    def is_whole(self: Any, symbol: str) -> bool:
        """Whether the local book of a market can be used."""
        return bool(self.continuous(symbol).is_whole)

    def on_close(self: Any, client: Any, error: Any) -> None:
        """Forget the token of a line that was closed."""
        self._forget_token(client)
        super().on_close(client, error)  # type: ignore[misc]

    def on_error(self: Any, client: Any, error: Any) -> None:
        """Forget the token of a line that broke."""
        self._forget_token(client)
        super().on_error(client, error)  # type: ignore[misc]

    def _forget_token(self: Any, client: Any) -> None:
        for kind, asked in list((self.options.get("urls") or {}).items()):
            known = asked is not None and asked.done() and not asked.cancelled()
            if known and asked.exception() is None and asked.result() == client.url:
                self.options["urls"].pop(kind)

    def _loading(self: Any) -> set[str]:
        found: set[str] = self.__dict__.setdefault("loading_books", set())
        return found


def _acknowledged(client: Any) -> set[str]:
    topics: set[str] = client.__dict__.setdefault("acknowledged", set())
    return topics


_WARIER: dict[str, type] = {"kucoin": WaryKucoin, "kucoinfutures": WaryKucoin}


def wary(kind: str) -> type:
    """Return ccxt's class of that name, made wary."""
    import ccxt.pro

    return type(kind, (_WARIER.get(kind, Wary), getattr(ccxt.pro, kind)), {})
