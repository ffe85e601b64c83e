"""The seeded market at one moment, and from one moment to another."""

from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_mcp.adapters.simulated.market import SeededMarket
from trading_mcp.domain.numbers import down_to, exact
from trading_mcp.domain.quotes import Move

HOUR = 3_600_000
NOW = 1_790_000_000_000
MARKET = SeededMarket(7)
SYMBOLS = [market.symbol for market in MARKET.markets()]

symbols = st.sampled_from(SYMBOLS)
times = st.integers(NOW - 10_000 * HOUR, NOW)


def joined(first: Move, then: Move) -> Move:
    high, low = max(first.high, then.high), min(first.low, then.low)
    return Move(first.open, high, low, then.last, first.volume + then.volume)


@settings(max_examples=60, deadline=None)
@given(symbols, times, st.lists(st.integers(0, 5 * HOUR), min_size=2, max_size=8, unique=True))
def test_moves_add_up_to_the_move_over_all_of_them(
    symbol: str, at: int, offsets: list[int]
) -> None:
    cuts = [at + offset for offset in sorted(offsets)]

    whole = MARKET.move(symbol, cuts[0], cuts[-1])
    parts = [MARKET.move(symbol, *cut) for cut in pairwise(cuts)]

    summed = reduce(joined, parts)
    assert summed[:4] == whole[:4]
    # Where a cut falls into five seconds, less than a grain of volume may be lost.
    assert summed.volume == pytest.approx(whole.volume, rel=1e-9, abs=30)
    assert whole.open == MARKET.price(symbol, cuts[0])
    assert whole.last == MARKET.price(symbol, cuts[-1])


@settings(max_examples=40, deadline=None)
@given(symbols, times, st.sampled_from(["1m", "5m", "30m", "2h", "6h", "1d"]))
def test_the_move_over_a_candle_is_the_candle(symbol: str, at: int, interval: str) -> None:
    history = MARKET.candles(symbol, interval, at, at + 86_400_000).row(0)

    assert MARKET.candle(symbol, interval, history.opened_at) == history


@settings(max_examples=60, deadline=None)
@given(symbols, times)
def test_the_price_at_any_moment_lies_in_the_move_around_it(symbol: str, at: int) -> None:
    around = MARKET.move(symbol, at - 1500, at + 1500)

    assert around.low <= MARKET.price(symbol, at) <= around.high


def test_a_move_over_no_time_goes_nowhere() -> None:
    price = MARKET.price("BTC-USDT", NOW)

    assert MARKET.move("BTC-USDT", NOW, NOW) == Move(price, price, price, price, 0.0)


@settings(max_examples=60, deadline=None)
@given(symbols, times, st.integers(1, 100))
def test_a_book_is_sorted_and_on_the_grid(symbol: str, at: int, depth: int) -> None:
    market, book = MARKET.market(symbol), MARKET.book(symbol, at, depth)
    bids, asks = ([level.price for level in side] for side in (book.bids, book.asks))

    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert len(bids) == len(asks) == depth
    assert bids[0] < asks[0]
    assert bids[0] <= MARKET.price(symbol, at) <= asks[0]
    assert (bids[0], asks[0]) == MARKET.touch(symbol, at)
    for level in (*book.bids, *book.asks):
        assert level.amount > 0
        assert down_to(exact(level.amount), market.step) == exact(level.amount)
        assert market.near_price(exact(level.price)) == exact(level.price)


@pytest.mark.parametrize(
    ("symbol", "least", "most"), [("BTC-USDT", 50_000, 800_000), ("DOGE-USDT", 10_000, 200_000)]
)
def test_a_book_is_as_deep_as_its_coin_is_large(symbol: str, least: float, most: float) -> None:
    for at in range(NOW - 100 * HOUR, NOW, HOUR):
        asks = MARKET.book(symbol, at).asks
        near = sum(lv.price * lv.amount for lv in asks if lv.price <= asks[0].price * 1.001)
        assert least < near < most


def test_the_spread_is_wider_when_the_market_is_wild() -> None:
    minutes = range(NOW - 500 * 60_000, NOW, 60_000)

    def height(at: int) -> float:
        past = MARKET.move("BTC-USDT", at - 60_000, at)
        return past.high - past.low

    def spread(at: int) -> float:
        bid, ask = MARKET.touch("BTC-USDT", at)
        return ask - bid

    quiet_to_wild = sorted(minutes, key=height)
    assert sum(map(spread, quiet_to_wild[-100:])) > 2 * sum(map(spread, quiet_to_wild[:100]))


def test_funding_follows_the_premium_within_bounds() -> None:
    eight = 8 * HOUR
    due = [NOW // eight * eight + n * eight for n in range(300)]
    rates = [MARKET.funding_rate("BTC-USDT-PERP", at) for at in due]

    assert all(-0.0005 <= rate <= 0.0005 for rate in rates)
    assert min(rates) < 0 < max(rates)
    assert MARKET.funding_rate("BTC-USDT-PERP", due[1] - 1) == rates[1]
    assert MARKET.funding_rate("BTC-USDT", due[0]) == 0
