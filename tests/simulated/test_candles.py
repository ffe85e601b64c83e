"""The seeded market's past: one tree of candles, wherever and however it is looked at."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_mcp.adapters.simulated.market import SeededMarket
from trading_mcp.domain.candles import INTERVALS, Candles
from trading_mcp.domain.numbers import exact

DAY = 86_400_000
NOW = 1_790_000_000_000
MARKET = SeededMarket(7)
SYMBOLS = [market.symbol for market in MARKET.markets()]

symbols = st.sampled_from(SYMBOLS)
times = st.integers(NOW - 3000 * DAY, NOW)
nested = [
    (small, large)
    for small, ms in INTERVALS.items()
    for large, whole in INTERVALS.items()
    if whole > ms and whole % ms == 0
]


def columns(candles: Candles) -> list[list[Any]]:
    return [list(getattr(candles, name)) for name in ("time", "open", "high", "low", "close")]


@settings(max_examples=60, deadline=None)
@given(symbols, times, st.sampled_from(nested))
def test_a_candle_is_exactly_the_sum_of_its_parts(
    symbol: str, at: int, intervals: tuple[str, str]
) -> None:
    large = intervals[1]
    start = at // INTERVALS[large] * INTERVALS[large]
    end = start + 3 * INTERVALS[large]

    parts, whole = (MARKET.candles(symbol, interval, start, end) for interval in intervals)

    rows = len(whole), -1
    assert list(parts.open.reshape(rows)[:, 0]) == list(whole.open)
    assert list(parts.high.reshape(rows).max(axis=1)) == list(whole.high)
    assert list(parts.low.reshape(rows).min(axis=1)) == list(whole.low)
    assert list(parts.close.reshape(rows)[:, -1]) == list(whole.close)
    assert parts.volume.reshape(rows).sum(axis=1) == pytest.approx(whole.volume, rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(symbols, times, st.sampled_from(sorted(INTERVALS)), st.integers(1, 60))
def test_candles_follow_one_another_without_a_gap(
    symbol: str, at: int, interval: str, count: int
) -> None:
    length = INTERVALS[interval]

    candles = MARKET.candles(symbol, interval, at, at + count * length)

    assert len(candles) == count
    assert all(np.diff(candles.time) == length)
    assert list(candles.open[1:]) == list(candles.close[:-1])
    assert all(candles.low > 0)
    assert all(candles.low <= np.minimum(candles.open, candles.close))
    assert all(candles.high >= np.maximum(candles.open, candles.close))
    assert all(candles.volume >= 0)


@settings(max_examples=40, deadline=None)
@given(symbols, times, st.sampled_from(sorted(INTERVALS)), st.integers(0, 99), st.integers(1, 40))
def test_any_stretch_of_the_past_is_the_same_asked_alone(
    symbol: str, at: int, interval: str, first: int, count: int
) -> None:
    length = INTERVALS[interval]
    start = at // length * length

    whole = MARKET.candles(symbol, interval, start, start + 140 * length)
    alone = SeededMarket(7).candles(
        symbol, interval, start + first * length, start + (first + count) * length
    )

    assert columns(alone) == columns(whole[first : first + count])


def test_a_long_stretch_that_is_built_by_the_month_has_no_seams() -> None:
    start = NOW // DAY * DAY

    long = MARKET.candles("ETH-USDT", "1h", start, start + 70 * DAY)
    days = [
        MARKET.candles("ETH-USDT", "1h", t, t + DAY) for t in range(start, start + 70 * DAY, DAY)
    ]

    for name in ("time", "open", "high", "low", "close", "volume"):
        assert list(getattr(long, name)) == [x for day in days for x in getattr(day, name)]


def test_the_same_seed_is_the_same_market_and_another_is_another() -> None:
    asked = ("BTC-USDT", "5m", NOW - DAY, NOW)

    assert columns(SeededMarket(7).candles(*asked)) == columns(MARKET.candles(*asked))
    assert columns(SeededMarket(8).candles(*asked)) != columns(MARKET.candles(*asked))


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_price_is_on_the_tick(symbol: str) -> None:
    market = MARKET.market(symbol)
    candles = MARKET.candles(symbol, "1m", NOW - DAY, NOW)

    for price in map(exact, (*candles.open[:200], *candles.high[:200], *candles.low[:200])):
        assert market.near_price(price) == price


@pytest.mark.parametrize("base", ["BTC", "ETH", "DOGE", "SOL", "XRP"])
def test_a_perpetual_stays_close_to_its_spot(base: str) -> None:
    spot = MARKET.candles(f"{base}-USDT", "1m", NOW - 5 * DAY, NOW)
    perpetual = MARKET.candles(f"{base}-USDT-PERP", "1m", NOW - 5 * DAY, NOW)

    for ours, theirs in (
        (perpetual.close, spot.close),
        (perpetual.high, spot.high),
        (perpetual.low, spot.low),
    ):
        assert abs(ours / theirs - 1).max() < 0.001
    assert list(perpetual.close) != list(spot.close)


@pytest.mark.parametrize(
    ("symbol", "calmest", "wildest"),
    [
        ("BTC-USDT", 0.0007, 0.0012),
        ("ETH-USDT", 0.0007, 0.0013),
        ("DOGE-USDT", 0.0010, 0.0018),
        ("SOL-USDT", 0.0010, 0.0018),
        ("XRP-USDT", 0.0009, 0.0017),
    ],
)
def test_a_minute_is_as_wild_as_one_would_expect(
    symbol: str, calmest: float, wildest: float
) -> None:
    for seed in (1, 2, 3):
        closes = SeededMarket(seed).candles(symbol, "1m", NOW - 30 * DAY, NOW).close
        returns = np.diff(np.log(closes))
        hours = returns[: len(returns) // 60 * 60].reshape(-1, 60).std(axis=1)

        assert np.isfinite(returns).all()
        assert calmest < returns.std() < wildest
        # Wild hours and calm ones, jumps now and then, and no memory of the direction.
        assert np.quantile(hours, 0.9) > 2 * np.quantile(hours, 0.1)
        assert 5 < abs(returns).max() / returns.std() < 25
        assert abs(np.corrcoef(returns[1:], returns[:-1])[0, 1]) < 0.05


def test_nothing_asked_is_nothing_answered() -> None:
    assert len(MARKET.candles("BTC-USDT", "1h", NOW, NOW)) == 0
    assert len(MARKET.candles("BTC-USDT", "1d", NOW, NOW - DAY)) == 0


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="NOPE-USDT"):
        MARKET.candles("NOPE-USDT", "1m", NOW - DAY, NOW)
    with pytest.raises(ValueError, match="7m"):
        MARKET.candles("BTC-USDT", "7m", NOW - DAY, NOW)
