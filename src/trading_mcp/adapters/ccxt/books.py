"""A local order book that holds nothing when in doubt: each change must follow the one before."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from trading_mcp.adapters.ccxt.readings import Nonsense, price, total

Rows = Sequence[tuple[float, float]]
_FAR = 10_000
"""A number that is further back than this is no repetition: the exchange counts anew."""
_KEPT = 5_000
"""How many changes are kept until a snapshot is there."""
_RESERVE = 0.2
"""The share of a snapshot's reach that must be left on a side, or a new one is asked for."""


class Change(NamedTuple):
    """Changes *first* to *last* of a book; an amount of 0 takes a level away."""

    first: int
    last: int
    bids: Rows
    asks: Rows


def follows(number: int, change: Change) -> Literal["next", "old", "gap"]:
    """Say how *change* stands to a book that has all changes up to *number*."""
    if change.first <= number + 1 <= change.last:
        return "next"
    if change.first <= change.last <= number < change.last + _FAR:
        return "old"
    return "gap"


class ContinuousBook:
    """Keeps *book* (ccxt's, with sides `bids` and `asks` that stay sorted) whole, or unused.

    A book that is crossed is not used; it is dropped after *tolerated* more changes, which an
    exchange needs that tells each level by itself.
    """

    def __init__(self, book: Any, *, tolerated: int = 0):
        self.book, self._tolerated = book, tolerated
        self._number: int | None = None
        self._crossed = 0
        self._waiting: list[Change] = []
        self._reach = (0.0, float("inf"))

    @property
    def is_whole(self) -> bool:
        """Whether the book shows what the exchange had after the last change."""
        return self._number is not None and not self._crossed

    def take(self, change: Change) -> bool:
        """Take in a change; False: the book is not whole, and needs a snapshot."""
        if self._number is None:
            self._keep(change)
            return False
        relation = follows(self._number, change)
        if relation == "next":
            self._apply(change)
        if relation == "gap" or self._crossed > self._tolerated or self._is_spent():
            self.drop()
            self._keep(change)
        return self.is_whole

    @property
    def needs_snapshot(self) -> bool:
        """Whether no change can make it whole."""
        return self._number is None

    def begin(self, number: int, bids: Rows, asks: Rows, *, is_part: bool = False) -> bool:
        """Take a snapshot as of *number*; False: it does not join the changes since.

        Of a snapshot that *is_part* of the book, a new one is needed before the price leaves it.
        """
        waiting = self._waiting
        if waiting and number < waiting[0].first - 1:
            return False
        self.drop()
        self._number = number
        self._apply(Change(number, number, bids, asks))
        self._reach = _reach(bids, asks) if is_part else (0.0, float("inf"))
        for change in waiting:
            self.take(change)  # after a gap among them, the rest waits for the next snapshot
        if self._is_spent():
            self.drop()
        return self.is_whole

    def drop(self) -> None:
        """Forget everything: none of it may be used any more."""
        self._number, self._waiting, self._crossed = None, [], 0
        self.book.reset({})

    def _keep(self, change: Change) -> None:
        if self._waiting and change.first > self._waiting[-1].last + 1:
            self._waiting.clear()
        self._waiting = [*self._waiting[-_KEPT:], change]

    def _apply(self, change: Change) -> None:
        for side, rows in (("bids", change.bids), ("asks", change.asks)):
            store: Callable[[Any], None] = self.book[side].storeArray
            for level in rows:
                store(list(level))
        self._number = change.last
        bids, asks = self.book["bids"], self.book["asks"]
        crossed = not bids or not asks or bids[0][0] >= asks[0][0]
        self._crossed = self._crossed + 1 if crossed else 0

    def _is_spent(self) -> bool:
        """Whether the price has come near the end of what is known of the book."""
        if not self.is_whole:
            return False
        low, high = self._reach
        return bool(self.book["bids"][0][0] < low or self.book["asks"][0][0] > high)


def _reach(bids: Rows, asks: Rows) -> tuple[float, float]:
    if not bids or not asks:
        return 0.0, float("inf")
    low = bids[-1][0] + _RESERVE * (bids[0][0] - bids[-1][0])
    return low, asks[-1][0] - _RESERVE * (asks[-1][0] - asks[0][0])


def kucoin_change(data: Mapping[str, Any]) -> Change:
    """Read a change as KuCoin tells it, of spot or of futures.

    Raises:
        Nonsense: it can't be read.
    """
    try:
        if "change" in data:
            paid, side, amount = str(data["change"]).split(",")
            number, rows = _whole(data["sequence"]), _rows([(paid, amount)])
            return Change(number, number, *((rows, ()) if side == "buy" else ((), rows)))
        sides = data["changes"]
        first, last = _whole(data["sequenceStart"]), _whole(data["sequenceEnd"])
        return Change(first, last, _rows(sides.get("bids", ())), _rows(sides.get("asks", ())))
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise Nonsense(f"not a change of a book: {fault}") from None


def _rows(rows: Iterable[Sequence[Any]]) -> tuple[tuple[float, float], ...]:
    # A price of 0 only moves the number on.
    told = [row for row in rows if float(row[0]) != 0]
    return tuple((price(row[0]), total(row[1])) for row in told)


def _whole(told: Any) -> int:
    if isinstance(told, bool) or not (isinstance(told, int) or str(told).isdigit()):
        raise ValueError(f"not a number of a change: {str(told)[:20]!r}")
    return int(told)
