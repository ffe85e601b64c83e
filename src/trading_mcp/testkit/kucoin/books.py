"""The books as they are published: a snapshot and numbered changes, which always agree."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from trading_mcp.domain.quotes import Level, OrderBook
from trading_mcp.testkit.kucoin.prices import Prices

Side = str
Levels = dict[float, float]
_FIRST = 14_610_502_970


class Change(NamedTuple):
    """One level is another now: *amount* base at *price*, 0 if it is gone."""

    sequence: int
    side: Side
    price: float
    amount: float


class PublishedBook:
    """One market's book as those who follow it must see it."""

    def __init__(self) -> None:
        self.sequence = _FIRST
        self.at = 0
        self.sides: dict[Side, Levels] = {"bids": {}, "asks": {}}
        self._beat = False

    def become(self, book: OrderBook) -> list[Change]:
        """Become *book*; return the changes that lead there."""
        self._beat, self.at = not self._beat, book.at
        wanted = {side: _levels(getattr(book, side)) for side in self.sides}
        self._stir(wanted["bids"])
        return [self._change(*found) for found in list(_differences(self.sides, wanted))]

    def upset(self, side: Side, price: float, amount: float) -> Change:
        """Publish a level that nobody offers; the next `become` takes it back."""
        return self._change(side, price, amount)

    def skip(self, count: int) -> None:
        """Lose *count* numbers, as if their changes had never been sent."""
        self.sequence += count

    def ranked(self, side: Side, depth: int) -> list[tuple[float, float]]:
        """Return the best *depth* levels of a side, the best in front."""
        levels = sorted(self.sides[side].items(), reverse=side == "bids")
        return levels[:depth]

    def _change(self, side: Side, price: float, amount: float) -> Change:
        self.sequence += 1
        if amount:
            self.sides[side][price] = amount
        else:
            self.sides[side].pop(price, None)
        return Change(self.sequence, side, price, amount)

    def _stir(self, bids: Levels) -> None:
        # A real book never stands still, and clients wait for changes before they trust one.
        if self._beat and bids:
            bids[min(bids)] *= 2


class Books:
    """Every market's published book."""

    def __init__(self, prices: Prices):
        self._prices = prices
        self._books: dict[str, PublishedBook] = {}

    def of(self, symbol: str) -> PublishedBook:
        """Return one market's book as it was last published."""
        return self._books.setdefault(symbol, PublishedBook())

    def refresh(self, symbol: str) -> list[Change]:
        """Publish the book as it is now; return what has changed."""
        return self.of(symbol).become(self._prices.book(symbol))


def _levels(levels: tuple[Level, ...]) -> Levels:
    return {level.price: level.amount for level in levels}


def _differences(
    before: Mapping[Side, Levels], after: Mapping[Side, Levels]
) -> Iterator[tuple[Side, float, float]]:
    for side, levels in after.items():
        gone = [price for price in before[side] if price not in levels]
        yield from ((side, price, 0.0) for price in gone)
        known = dict(before[side])
        yield from ((side, p, a) for p, a in levels.items() if known.get(p) != a)
