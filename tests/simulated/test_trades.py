"""The seeded market's trades: they are what the candles are made of, whoever asks and when."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_mcp.adapters.simulated.catalog import COINS
from trading_mcp.adapters.simulated.market import SeededMarket
from trading_mcp.domain.candles import MINUTE_MS
from trading_mcp.domain.numbers import down_to, exact

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 1_790_000_000_000
MARKET = SeededMarket(7)
SYMBOLS = [market.symbol for market in MARKET.markets()]
PERPETUALS = [symbol for symbol in SYMBOLS if symbol.endswith("-PERP")]
VOLATILITY = {coin.base: coin.volatility for coin in COINS}

symbols = st.sampled_from(SYMBOLS)
times = st.integers(NOW - 3000 * DAY, NOW)


@settings(max_examples=60, deadline=None)
@given(symbols, times, st.sampled_from([1, 3, 5]))
def test_a_candle_is_made_of_its_trades(symbol: str, at: int, minutes: int) -> None:
    length = minutes * MINUTE_MS
    start = at // length * length

    candle = MARKET.candle(symbol, f"{minutes}m", start)
    trades = MARKET.trades(symbol, start, start + length)

    prices = [trade.price for trade in trades]
    assert (prices[0], max(prices), min(prices), prices[-1]) == (
        candle.open,
        candle.high,
        candle.low,
        candle.close,
    )
    assert sum(exact(trade.amount) for trade in trades) == exact(candle.volume)


@settings(max_examples=40, deadline=None)
@given(symbols, times, st.integers(0, 200_000), st.integers(1, 100_000))
def test_the_same_trade_asked_twice_is_the_same(
    symbol: str, at: int, offset: int, length: int
) -> None:
    since, until = at + offset, at + offset + length

    whole = MARKET.trades(symbol, at, at + 300_000)
    alone = SeededMarket(7).trades(symbol, since, until)

    assert alone == [trade for trade in whole if since <= trade.at < until]


@settings(max_examples=40, deadline=None)
@given(symbols, times)
def test_trades_come_in_order_on_the_grid_at_the_price_of_their_time(symbol: str, at: int) -> None:
    market = MARKET.market(symbol)

    trades = MARKET.trades(symbol, at, at + MINUTE_MS)

    assert len(trades) > 12
    for one, then in pairwise(trades):
        assert one.at <= then.at
        assert int(one.id) < int(then.id)
    for trade in trades:
        around = MARKET.move(symbol, trade.at, trade.at + 1)
        assert around.low <= trade.price <= around.high
        assert trade.amount >= market.min_amount
        assert down_to(exact(trade.amount), market.step) == exact(trade.amount)
        assert market.near_price(exact(trade.price)) == exact(trade.price)


def test_about_as_many_buy_as_sell() -> None:
    trades = MARKET.trades("BTC-USDT", NOW - HOUR, NOW)

    assert 0.4 < sum(trade.side == "buy" for trade in trades) / len(trades) < 0.6


@pytest.mark.parametrize("symbol", PERPETUALS)
def test_positions_are_closed_by_force_in_wild_minutes_and_at_no_other_time(symbol: str) -> None:
    start = NOW // DAY * DAY
    far = 3 * VOLATILITY[MARKET.market(symbol).base]
    candles = MARKET.candles(symbol, "1m", start, start + DAY // 4).rows()

    found = MARKET.liquidations(symbol, start, start + DAY // 4)

    def minutes(side: str) -> set[int]:
        return {one.at // MINUTE_MS * MINUTE_MS for one in found if one.side == side}

    assert minutes("long") == {c.opened_at for c in candles if c.open - c.low >= far * c.open}
    assert minutes("short") == {c.opened_at for c in candles if c.high - c.open >= far * c.open}
    assert len(minutes("long") | minutes("short")) < len(candles) / 10


def test_what_is_closed_by_force_is_among_the_trades() -> None:
    found = MARKET.liquidations("SOL-USDT-PERP", NOW - DAY, NOW)

    assert {one.side for one in found} == {"long", "short"}
    assert [one.at for one in found] == sorted(one.at for one in found)
    for one in found[:50]:
        trades = MARKET.trades("SOL-USDT-PERP", one.at, one.at + 1)
        [trade] = [trade for trade in trades if trade.id == one.id]
        assert (trade.price, trade.amount) == (one.price, one.amount)
        assert trade.side == ("sell" if one.side == "long" else "buy")


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(PERPETUALS), times, st.integers(0, HOUR))
def test_a_part_of_the_liquidations_is_the_same_asked_alone(
    symbol: str, at: int, offset: int
) -> None:
    whole = MARKET.liquidations(symbol, at - 2 * HOUR, at)
    alone = SeededMarket(7).liquidations(symbol, at - 2 * HOUR + offset, at)

    assert alone == [one for one in whole if one.at >= at - 2 * HOUR + offset]


def test_on_spot_nothing_is_held_open_and_nothing_closed_by_force() -> None:
    assert MARKET.liquidations("SOL-USDT", NOW - DAY, NOW) == []
    assert MARKET.open_interest("SOL-USDT", NOW) == 0


@pytest.mark.parametrize("symbol", PERPETUALS)
def test_open_interest_moves_slowly_and_far(symbol: str) -> None:
    step = MARKET.market(symbol).step
    minutes = [MARKET.open_interest(symbol, NOW + n * MINUTE_MS) for n in range(60)]
    weeks = [MARKET.open_interest(symbol, NOW + n * 7 * DAY) for n in range(30)]

    assert all(abs(then / now - 1) < 0.002 for now, then in pairwise(minutes))
    assert len(set(minutes)) > 50
    assert max(weeks) > 1.15 * min(weeks) > 0
    assert all(down_to(exact(amount), step) == exact(amount) for amount in minutes)
    assert SeededMarket(7).open_interest(symbol, NOW) == minutes[0]


@settings(max_examples=30, deadline=None)
@given(symbols, times, st.integers(1, 30))
def test_the_average_price_lies_between_low_and_high(symbol: str, at: int, hours: int) -> None:
    start = at // HOUR * HOUR

    average = MARKET.average_price(symbol, start, start + hours * HOUR)

    move = MARKET.move(symbol, start, start + hours * HOUR)
    assert move.low <= average <= move.high


def test_the_funding_that_is_expected_becomes_the_one_that_is_paid() -> None:
    due = NOW // (8 * HOUR) * 8 * HOUR

    paid = MARKET.funding_rate("ETH-USDT-PERP", due)

    assert MARKET.funding_estimate("ETH-USDT-PERP", due) == paid
    assert MARKET.funding_estimate("ETH-USDT-PERP", due - HOUR) == pytest.approx(paid, abs=2e-4)
    assert MARKET.funding_estimate("ETH-USDT", due) == 0
