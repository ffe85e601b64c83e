"""A local book is never used while it is wrong: recorded changes, lost, doubled and shuffled."""

import json
import lzma
import random
from functools import cache
from typing import Any

import pytest
from canned_exchanges import REAL
from ccxt.async_support.base.ws.order_book import OrderBook
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.adapters.ccxt.books import Change, ContinuousBook, Rows, follows, kucoin_change
from trading_mcp.adapters.ccxt.readings import Nonsense

Top = tuple[float, float, float, float]


@cache
def _recording() -> list[dict[str, Any]]:
    file = REAL / "market" / "book" / "binance_spot_ETHUSDT_2024-08-08.raw.xz"
    if not file.exists():
        pytest.skip(f"no recordings at {file}")
    with lzma.open(file, "rt") as lines:
        return [json.loads(line.partition(" ")[2]) for line in lines]


def _rows(told: list[list[str]]) -> tuple[tuple[float, float], ...]:
    return tuple((float(price), float(amount)) for price, amount in told)


def _change(data: dict[str, Any]) -> Change:
    return Change(data["U"], data["u"], _rows(data["b"]), _rows(data["a"]))


def _top(book: ContinuousBook) -> Top:
    bid, ask = book.book["bids"][0], book.book["asks"][0]
    return (bid[0], bid[1], ask[0], ask[1])


def _levels(book: ContinuousBook, depth: int | None) -> tuple[Rows, Rows]:
    bids, asks = ([(p, a) for p, a in book.book[side][:depth]] for side in ("bids", "asks"))
    return bids, asks


def test_the_book_shows_the_exchanges_own_best_prices_at_every_moment() -> None:
    book, tickers, compared = ContinuousBook(OrderBook()), dict[int, Top](), 0
    for message in _recording():
        data = message.get("data", message)
        if "lastUpdateId" in data:
            book.begin(data["lastUpdateId"], _rows(data["bids"]), _rows(data["asks"]))
        elif data.get("e") == "depthUpdate":
            change = _change(data)
            if book.take(change) and change.last in tickers:
                assert _top(book) == tickers[change.last]
                compared += 1
        elif "B" in data:
            tickers[data["u"]] = tuple(float(data[name]) for name in "bBaA")  # type: ignore[assignment]
    assert book.is_whole
    assert compared > 500


def _snapshot_and_changes() -> tuple[Change, list[Change]]:
    messages = [message.get("data", message) for message in _recording()]
    first = next(data for data in messages if "lastUpdateId" in data)
    number = first["lastUpdateId"]
    changes = [_change(data) for data in messages if data.get("e") == "depthUpdate"]
    snapshot = Change(number, number, _rows(first["bids"]), _rows(first["asks"]))
    return snapshot, [change for change in changes if change.last > number][:1500]


class Damage:
    """Loses, doubles and shuffles what arrives."""

    def __init__(self, seed: int):
        self._chance, self._held, self.count = random.Random(seed), list[Change](), 0

    def __call__(self, change: Change) -> list[Change]:
        dice, held = self._chance.random(), self._held
        self._held = [change] if 0.10 <= dice < 0.15 else []
        self.count += dice < 0.15
        if dice < 0.15:
            return [*held, *([change, change] if 0.05 <= dice < 0.10 else [])]
        return [change, *held]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_no_book_is_used_while_it_is_wrong(seed: int) -> None:
    snapshot, changes = _snapshot_and_changes()
    truth, ours, damage = ContinuousBook(OrderBook()), ContinuousBook(OrderBook()), Damage(seed)
    truth.begin(snapshot.last, snapshot.bids, snapshot.asks)
    ours.begin(snapshot.last, snapshot.bids, snapshot.asks)
    used = waited = 0
    for change in changes:
        assert truth.take(change)
        for arrived in damage(change):
            ours.take(arrived)
            if ours.is_whole and arrived is change:
                # What it shows is what the exchange had at that very change.
                used += 1
                assert _levels(ours, 100) == _levels(truth, 100)
        waited += ours.needs_snapshot
        if ours.needs_snapshot and waited % 3 == 0:  # an answer takes its time
            bids, asks = _levels(truth, None)
            ours.begin(change.last, bids, asks)
    assert damage.count > 200
    assert used > 500
    assert not ours.is_whole or _levels(ours, None) == _levels(truth, None)


_CHANGE = Change(11, 12, (), ())


def test_a_change_follows_only_the_one_before() -> None:
    assert follows(10, _CHANGE) == "next"
    assert follows(11, _CHANGE) == "next"  # it holds one that the snapshot has already
    assert follows(12, _CHANGE) == "old"
    assert follows(9, _CHANGE) == "gap"
    # The exchange counts anew: what looks old is all there will ever be.
    assert follows(9_000_000, _CHANGE) == "gap"


def _book(bids: Any = ((99.0, 1.0),), asks: Any = ((101.0, 1.0),), **more: Any) -> ContinuousBook:
    book = ContinuousBook(OrderBook(), **more)
    assert book.begin(10, bids, asks)
    return book


def test_a_gap_drops_the_book_until_a_snapshot_joins_what_followed() -> None:
    book = _book()

    assert not book.take(Change(12, 12, ((98.0, 1.0),), ()))
    assert (len(book.book["bids"]), book.needs_snapshot) == (0, True)
    assert not book.take(Change(13, 13, ((97.0, 2.0),), ()))
    assert not book.begin(10, ((99.0, 1.0),), ((101.0, 1.0),))  # older than the gap
    assert book.begin(12, ((99.0, 1.0),), ((101.0, 1.0),))
    assert list(map(list, book.book["bids"])) == [[99.0, 1.0], [97.0, 2.0]]


def test_a_crossed_book_is_dropped_at_once() -> None:
    book = _book()

    assert not book.take(Change(11, 11, ((101.0, 1.0),), ()))
    assert book.needs_snapshot


def test_where_each_level_is_told_by_itself_a_crossed_book_is_only_not_used() -> None:
    book = _book(tolerated=5)

    assert not book.take(Change(11, 11, ((101.0, 1.0),), ()))
    assert not book.needs_snapshot
    assert book.take(Change(12, 12, (), ((101.0, 0.0), (102.0, 1.0))))
    for number in range(13, 20):
        book.take(Change(number, number, ((103.0, 1.0),), ()))
    assert book.needs_snapshot


def test_a_part_of_a_book_is_asked_for_anew_before_the_price_leaves_it() -> None:
    bids = tuple((100.0 - n, 1.0) for n in range(1, 101))
    asks = tuple((100.0 + n, 1.0) for n in range(1, 101))
    book = ContinuousBook(OrderBook())
    assert book.begin(10, bids, asks, is_part=True)

    gone = tuple((price, 0.0) for price, _ in bids[:85])
    assert book.take(Change(11, 11, gone[:50], ()))
    assert not book.take(Change(12, 12, gone[50:], ()))
    assert book.needs_snapshot


def test_kucoins_changes_are_read_in_both_shapes() -> None:
    spot = {
        "changes": {
            "asks": [["67993.3", "1.21", "14701689783"]],
            "bids": [["0", "0", "14701689784"]],
        },
        "sequenceEnd": 14701689784,
        "sequenceStart": 14701689783,
    }
    futures = {"sequence": 1709400450243, "change": "90631.2,sell,2", "timestamp": 1731897467182}

    assert kucoin_change(spot) == Change(14701689783, 14701689784, (), ((67993.3, 1.21),))
    assert kucoin_change(futures) == Change(1709400450243, 1709400450243, (), ((90631.2, 2.0),))


_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["NaN", "-1", "1e999", "Infinity", "1_000", "0", "1e30", ""]),
    st.lists(st.integers(), max_size=2),
)


@given(price=_ODD, amount=_ODD, number=_ODD)
def test_numbers_that_cannot_be_never_reach_a_book(price: Any, amount: Any, number: Any) -> None:
    for data in (
        {"sequence": number, "change": f"{price},buy,{amount}"},
        {"sequenceStart": 1, "sequenceEnd": number, "changes": {"bids": [[price, amount, 1]]}},
        {"sequenceStart": 1, "sequenceEnd": 2, "changes": price},
        {"changes": {"bids": price}},
    ):
        try:
            change = kucoin_change(data)
        except Nonsense:
            continue
        assert all(1e-18 <= p <= 1e18 and 0 <= a <= 1e18 for p, a in change.bids)
