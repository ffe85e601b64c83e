"""Indicators say what their definitions say, at any length, and raise for no market."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from trading_mcp.domain.candles import Column
from trading_mcp.indicators import series
from trading_mcp.indicators.warmup import ema_warmup, wilder_warmup
from trading_mcp.strategy.sample_markets import walk

NAN = float("nan")
MARKET = walk(1_000)
CLOSE = MARKET.close


def test_sma_is_the_mean_of_the_last_candles() -> None:
    assert series.sma(CLOSE, 20) == near(moving(CLOSE, 20, np.mean))


def test_ema_is_its_recursion_begun_with_the_mean() -> None:
    assert series.ema(CLOSE, 9) == near(smoothed(CLOSE, 9, 2 / 10))


def test_rsi_is_wilders() -> None:
    changes = np.diff(CLOSE)
    gain, loss = smoothed(changes.clip(0), 14, 1 / 14), smoothed((-changes).clip(0), 14, 1 / 14)
    assert series.rsi(CLOSE, 14) == near(np.append(NAN, 100 * gain / (gain + loss)))


def test_macd_is_the_fast_average_minus_the_slow_one_and_its_own_average() -> None:
    # Both averages begin where the slow one can.
    line = smoothed(CLOSE[14:], 12, 2 / 13) - smoothed(CLOSE, 26, 2 / 27)[14:]
    signal = smoothed(line[11:], 9, 2 / 10)

    found = series.macd(CLOSE)

    assert found.line[33:] == near(line[19:])
    assert found.signal[33:] == near(signal[8:])
    assert found.histogram == near(found.line - found.signal)


def test_bollinger_bands_are_deviations_around_the_mean() -> None:
    mean, deviation = moving(CLOSE, 20, np.mean), moving(CLOSE, 20, np.std)

    found = series.bollinger(CLOSE, 20, 2.5)

    assert found.middle == near(mean)
    assert found.upper == near(mean + 2.5 * deviation)
    assert found.lower == near(mean - 2.5 * deviation)


@pytest.mark.parametrize("price", [1e-8, 1e-5, 1.0, 1e5])
def test_bollinger_bands_and_rsi_do_not_depend_on_the_unit_of_the_price(price: float) -> None:
    scaled = CLOSE * price
    assert series.bollinger(scaled).upper / price == near(series.bollinger(CLOSE).upper, 1e-7)
    assert series.rsi(scaled) == near(series.rsi(CLOSE), 1e-7)


def test_atr_is_wilders_average_of_the_true_range() -> None:
    high, low, before = MARKET.high[1:], MARKET.low[1:], CLOSE[:-1]
    ranges = np.maximum(high, before) - np.minimum(low, before)

    found = series.atr(MARKET.high, MARKET.low, CLOSE, 14)

    assert found == near(np.append(NAN, smoothed(ranges, 14, 1 / 14)))


def test_the_stochastic_is_the_place_of_the_close_in_its_range_smoothed_twice() -> None:
    lowest, highest = moving(MARKET.low, 14, np.min), moving(MARKET.high, 14, np.max)
    k = moving(100 * (CLOSE - lowest) / (highest - lowest), 3, np.mean)

    found = series.stochastic(MARKET.high, MARKET.low, CLOSE)

    assert found.k[17:] == near(k[17:], 1e-8)
    assert found.d == near(moving(k, 3, np.mean), 1e-8)


def test_percent_b_is_the_place_between_the_bands_and_bandwidth_their_distance() -> None:
    bands = series.bollinger(CLOSE, 20)
    width = bands.upper - bands.lower

    assert series.percent_b(CLOSE, bands) == near((CLOSE - bands.lower) / width)
    assert series.bandwidth(bands) == near(width / bands.middle)


@pytest.mark.parametrize("price", [1e-8, 0.1, 27.0, 43000.1])
def test_bands_without_width_have_no_place_between_them(price: float) -> None:
    moved = np.append(CLOSE * price / 100, np.full(100, price))
    bands = series.bollinger(moved)
    assert np.isnan(series.percent_b(moved, bands)[-50:]).all()
    assert series.bandwidth(bands)[-50:] == near(np.zeros(50))


def test_where_the_market_had_no_range_the_stochastic_is_not_known() -> None:
    """Rows 30 to 59 stand still: of 14 candles, then, from row 43 on there is no range."""
    high, low, close = (
        np.concatenate((c[:30], np.full(30, 100.0), c[60:90]))
        for c in (MARKET.high, MARKET.low, CLOSE)
    )
    plain = series.stochastic(high, low, close, 14, 3, 3)

    k, d = series.known_stochastic(high, low, close, 14, 3, 3)

    # %K averages 3 places and %D 5: each is unknown as long as one of them is.
    assert np.flatnonzero(np.isnan(k[20:])).tolist() == list(range(23, 42))
    assert np.flatnonzero(np.isnan(d[20:])).tolist() == list(range(23, 44))
    for known, found in zip((k, d), plain, strict=True):
        there = ~np.isnan(known)
        assert known[there].tolist() == found[there].tolist()


def test_the_usual_value_is_the_median_of_the_last_ones() -> None:
    column = np.array([NAN, 100.0, 1.0, 2.0, 9.0])
    assert series.usual(column, 3) == 2.0
    assert series.usual(column, 100) == 5.5


def all_columns(column: Column) -> list[Column]:
    return [
        series.sma(column, 5),
        series.ema(column, 5),
        series.rsi(column, 5),
        series.atr(column, column, column, 5),
        *series.macd(column, 3, 5, 2),
        *series.bollinger(column, 5),
        *series.stochastic(column, column, column, 5),
    ]


@pytest.mark.parametrize("length", range(12))
def test_too_little_to_go_by_is_nan(length: int) -> None:
    for column in all_columns(CLOSE[:length]):
        assert len(column) == length
        assert np.isnan(column[:4]).all()


@settings(deadline=None)
@given(st.lists(st.floats(1e-9, 1e9), max_size=60), st.booleans())
def test_no_prices_make_an_indicator_raise_or_grow_infinite(
    prices: list[float], flat: bool
) -> None:
    column = np.array(prices[:1] * len(prices) if flat else prices)
    for found in all_columns(column):
        assert len(found) == len(column)
        assert not np.isinf(found).any()


@pytest.mark.parametrize("hole", [NAN, float("inf")])
def test_past_a_hole_nothing_is_known(hole: float) -> None:
    column = CLOSE[:100].copy()
    column[50] = hole
    for found, whole in zip(all_columns(column), all_columns(CLOSE[:50]), strict=True):
        assert found[:50] == near(whole)
        assert np.isnan(found[50:]).all()


@pytest.mark.parametrize("hole", [NAN, float("inf"), float("-inf")])
@pytest.mark.parametrize("row", [20, 60, 97, 98, 99])
def test_past_a_hole_there_is_no_rsi_wherever_it_is(row: int, hole: float) -> None:
    column = CLOSE[:100].copy()
    column[row] = hole
    index = series.rsi(column, 14)
    assert np.flatnonzero(~np.isnan(index)).tolist() == list(range(14, row))


def test_leading_nan_is_skipped() -> None:
    late = np.append(np.full(30, NAN), CLOSE)
    for found, whole in zip(all_columns(late), all_columns(CLOSE), strict=True):
        assert found[30:] == near(whole, 1e-8)


def test_views_and_columns_of_other_types_are_taken() -> None:
    every_other = walk(60).close[::2]
    assert series.sma(every_other, 3) == near(series.sma(every_other.copy(), 3))
    assert series.sma(np.arange(9, dtype=np.int64), 3)[-1] == 7  # type: ignore[arg-type]


@pytest.mark.parametrize("period", [-1, 0, 1, 1_000_000])
def test_an_impossible_period_is_refused(period: int) -> None:
    with pytest.raises(ValueError, match=rf"RSI of {{'timeperiod': {period}}}"):
        series.rsi(CLOSE, period)


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"ATR of .* length"):
        series.atr(CLOSE, CLOSE[:-1], CLOSE)


def test_a_market_that_never_moved_has_a_neutral_rsi() -> None:
    index = series.rsi(np.full(50, 27.0), 14)
    assert np.isnan(index[:14]).all()
    assert (index[14:] == 50).all()


def test_a_market_that_stopped_long_ago_has_a_neutral_rsi() -> None:
    stopped = np.append(CLOSE, np.full(1_000, CLOSE[-1]))
    index = series.rsi(stopped, 14)
    assert index[: len(CLOSE)] == near(series.rsi(CLOSE, 14))
    assert index[len(CLOSE) + 100] == pytest.approx(index[len(CLOSE)])
    assert (index[len(CLOSE) + wilder_warmup(14) :] == 50).all()


@pytest.mark.parametrize("period", [2, 14, 200])
def test_after_its_warm_up_an_average_tells_nothing_of_its_beginning(period: int) -> None:
    close = walk(6_000).close
    other = np.append(close[:1] * 1.5, close[1:])

    for function, warmup in (
        (series.ema, ema_warmup(period)),
        (series.rsi, wilder_warmup(period)),
    ):
        window = slice(len(close) - warmup, None)
        late = function(close[window], period)[-1]
        assert late == pytest.approx(function(close, period)[-1], rel=1e-7)
        assert late == pytest.approx(function(other[window], period)[-1], rel=1e-7)


def test_it_crosses_above_where_it_is_above_and_was_not() -> None:
    column = np.array([1.0, 2, 3, 3, 2, 2, 4, NAN, 5, 1, 5])
    assert rows(series.crosses_above(column, 2)) == [2, 6, 10]


def test_it_crosses_below_where_it_is_below_and_was_not() -> None:
    column = np.array([3.0, 2, 1, 1, 2, 2, 0, NAN, 0, 5, 1])
    assert rows(series.crosses_below(column, 2)) == [2, 6, 10]


def test_columns_cross_one_another() -> None:
    left, right = np.array([1.0, 3, 3, 1]), np.array([2.0, 2, NAN, 2])
    assert rows(series.crosses_above(left, right)) == [1]
    assert rows(series.crosses_below(right, left)) == [1]


def test_what_differs_by_rounding_does_not_cross() -> None:
    column = np.array([0.1, 0.3, 0.3, 0.1 + 0.2])
    assert 0.1 + 0.2 > 0.3
    assert rows(series.crosses_above(column, 0.3)) == []
    assert rows(series.crosses_below(column, 0.1 + 0.2)) == []


@settings(deadline=None)
@given(st.lists(st.one_of(st.just(NAN), st.floats(-10, 10)), max_size=30))
def test_above_and_below_mirror_each_other(values: list[float]) -> None:
    column = np.array(values, dtype=np.float64)
    above, below = series.crosses_above(column, 1.0), series.crosses_below(-column, -1.0)
    assert above.tolist() == below.tolist()
    assert above.dtype == np.bool_


@settings(deadline=None)
@given(st.lists(st.one_of(st.just(NAN), st.floats(-10, 10)), max_size=30))
def test_both_ways_out_are_what_each_is_alone(values: list[float]) -> None:
    column = np.array(values, dtype=np.float64)
    falls, rises = series.crosses_out(column, -2.0, 2.0)
    assert falls.tolist() == series.crosses_below(column, -2.0).tolist()
    assert rises.tolist() == series.crosses_above(column, 2.0).tolist()


def test_recently_looks_back_over_the_candles_named() -> None:
    flags = np.array([0, 1, 0, 0, 0, 1, 0], dtype=np.bool_)
    assert rows(series.recently(flags, 1)) == [1, 5]
    assert rows(series.recently(flags, 3)) == [1, 2, 3, 5, 6]
    assert rows(series.recently(flags, 100)) == [1, 2, 3, 4, 5, 6]
    assert rows(series.recently(flags[:0], 3)) == []


def near(column: Column, tolerance: float = 1e-9) -> object:
    return pytest.approx(column, rel=tolerance, abs=tolerance, nan_ok=True)


def rows(flags: series.Flags) -> list[int]:
    return np.flatnonzero(flags).tolist()


def moving(column: Column, period: int, function) -> Column:
    values = function(sliding_window_view(column, period), axis=1)
    return np.append(np.full(period - 1, NAN), values)


def smoothed(column: Column, period: int, share: float) -> Column:
    """Begin with the mean of the first values, then move by *share* of the way to each next."""
    averages = [NAN] * (period - 1) + [column[:period].mean()]
    for value in column[period:]:
        averages.append(averages[-1] + share * (value - averages[-1]))
    return np.array(averages)
