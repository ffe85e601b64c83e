"""Following real markets one by one: what rests, funding and margins, as the tape tells of them."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise

import structlog

from trading_mcp.adapters.simulated.account import Account
from trading_mcp.adapters.simulated.fundings import Fundings
from trading_mcp.adapters.simulated.lately import Lately
from trading_mcp.adapters.simulated.ledger import LedgerEntry
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.quotes import Level, Move, NoQuote, OrderBook
from trading_mcp.domain.times import MINUTE_MS
from trading_mcp.ports import Quotes, Tape

log = structlog.get_logger(__name__)
_ENOUGH = 1e12
"""More than anybody orders, in base."""
_NEARLY = 0.999999


class Follower:
    """Lets *account* meet what *tape* tells of the markets that it is exposed in. Nothing waits.

    Each market is followed by itself: their streams do not keep step. Times are UTC ms. A whole
    minute is taken for one that nobody watched and that only its candle tells of.
    """

    def __init__(self, account: Account, quotes: Quotes, tape: Tape):
        self._account, self._quotes, self._tape = account, quotes, tape
        self._followed, self._lately = dict[str, int](), Lately(tape)
        self._fundings = Fundings(account, quotes)

    def followed(self, symbol: str) -> int:
        """Return up to when the market has been followed."""
        state = self._account.state
        return self._followed.get(symbol) or state.followed.get(symbol, state.passed)

    def begin(self, symbol: str, at: int) -> None:
        """Follow the market from *at* on: before, nothing was at stake there."""
        self._followed[symbol] = at

    def skip(self, symbol: str, until: int) -> None:
        """Leave out what the market did up to *until*: it is not known well enough."""
        self._followed[symbol] = max(self.followed(symbol), until)

    def follow(self, symbol: str, until: int) -> list[LedgerEntry]:
        """Return what the market did to the account up to *until*."""
        since, account = self.followed(symbol), self._account
        entries = self._meet(symbol, self._lately.more(symbol, since), since - 1, since)
        if until > since:
            dues = set(self._fundings.dues(symbol, since, until))
            for start, end in pairwise(self._edges(symbol, since, until, dues)):
                for leg in self._legs(symbol, start, end):
                    entries += self._meet(symbol, *leg)
                if end in dues:
                    then = self._tape.move(symbol, start, end) if _unwatched(start, end) else None
                    entries += self._fundings.settle(symbol, end, self._mark(symbol, then))
            self._followed[symbol] = until
            self._lately.note(symbol, until)
        mark = self._mark(symbol) if symbol in account.state.stakes else None
        return entries + (account.mark(symbol, mark, max(since, until)) if mark else [])

    def noted(self, symbols: Iterable[str]) -> list[LedgerEntry]:
        """Return the entries that say how far *symbols* have been followed."""
        passed = self._account.passed
        return [entry for name in symbols for entry in passed(self.followed(name), name)]

    def _edges(self, symbol: str, since: int, until: int, dues: set[int]) -> list[int]:
        """Return where to stop on the way.

        So that no order meets what was before its time, funding finds the position of its time,
        and in a long time what came first acts first.
        """
        orders = self._account.state.orders.values()
        edges = dues | {o.accepted_at for o in orders if o.symbol == symbol}
        edges.update(range((since // MINUTE_MS + 1) * MINUTE_MS, until, MINUTE_MS))
        return sorted({since, until, *(edge for edge in edges if since < edge < until)})

    def _legs(self, symbol: str, since: int, until: int) -> Iterator[tuple[Move, int, int]]:
        """Yield the moves on the way, as short as the tape can tell them where they matter.

        In a long one nobody knows how much of its volume traded at which of its prices.
        """
        move, middle = self._tape.move(symbol, since, until), (since + until) // 2
        if move is None:
            return
        whole = _unwatched(since, until) or until - since == 1 or move.high == move.low
        if whole or not self._account.is_reached(symbol, move):
            yield move, since, until
            return
        halves = (self._tape.move(symbol, *half) for half in ((since, middle), (middle, until)))
        if sum(half.volume for half in halves if half) < move.volume * _NEARLY:
            yield move, since, until
            return
        yield from self._legs(symbol, since, middle)
        yield from self._legs(symbol, middle, until)

    def _meet(self, symbol: str, move: Move | None, since: int, until: int) -> list[LedgerEntry]:
        if move is None:
            return []
        orders, unwatched = self._account.state.orders.values(), _unwatched(since, until)
        return self._account.move(
            symbol,
            move,
            until,
            lambda: self._book(symbol, move, unwatched),
            besides={o.client_id for o in orders if o.symbol == symbol and o.accepted_at > since},
            # Nobody told the marks of an unwatched minute: its prices stand for them.
            marks=unwatched,
        )

    def _book(self, symbol: str, move: Move, unwatched: bool) -> OrderBook:
        """Return what a stop meets; where no book is known, the worst price that was traded at."""
        if not unwatched:
            try:
                return self._quotes.depth(symbol)
            except NoQuote as error:
                log.warning("stop_without_book", symbol=symbol, error=str(error))
        bids, asks = (Level(move.low, _ENOUGH),), (Level(move.high, _ENOUGH),)
        return OrderBook(symbol=symbol, at=self.followed(symbol), bids=bids, asks=asks)

    def _mark(self, symbol: str, move: Move | None = None) -> Decimal | None:
        """Return what margins are measured by now; *move*, if given, tells of another time."""
        if move is not None:
            return self._account.markets[symbol].near_price(exact(move.last))
        try:
            return self._quotes.mark(symbol)
        except NoQuote:
            return None


def _unwatched(since: int, until: int) -> bool:
    return until - since >= MINUTE_MS
