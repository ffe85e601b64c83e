"""Exits on any candle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.rules import exits

PRICE = st.floats(1, 1_000)
SIDE = st.sampled_from([1, -1])


@st.composite
def candles(draw):
    prices = sorted(draw(st.lists(PRICE, min_size=4, max_size=4)))
    inner = draw(st.permutations(prices[1:3]))
    return inner[0], prices[3], prices[0], inner[1]


@given(SIDE, candles(), PRICE, PRICE)
def test_an_exit_is_hit_just_when_the_candle_reaches_it(side, candle, stop, target):
    open_, high, low, _ = candle
    kind, _ = exits.exit_hit(side, open_, high, low, stop, target)
    stopped = low <= stop if side > 0 else high >= stop
    reached = high >= target if side > 0 else low <= target
    assert kind == (exits.STOP if stopped else exits.TARGET if reached else exits.NONE)


@given(SIDE, candles(), PRICE, PRICE)
def test_an_exits_price_lies_within_the_candle(side, candle, stop, target):
    open_, high, low, _ = candle
    kind, price = exits.exit_hit(side, open_, high, low, stop, target)
    if kind != exits.NONE:
        assert low <= price <= high


@given(SIDE, candles(), PRICE)
def test_a_stop_never_gives_more_than_its_price(side, candle, stop):
    open_, high, low, _ = candle
    kind, price = exits.exit_hit(side, open_, high, low, stop, 0.0)
    if kind == exits.STOP:
        assert (price - stop) * side <= 0


def test_a_gap_through_the_stop_gives_the_open():
    assert exits.exit_hit(1, 90.0, 95.0, 89.0, 98.0, 0.0) == (exits.STOP, 90.0)
    assert exits.exit_hit(-1, 110.0, 111.0, 105.0, 102.0, 0.0) == (exits.STOP, 110.0)


def test_a_candle_that_reaches_both_takes_the_stop():
    assert exits.exit_hit(1, 100.0, 103.0, 98.0, 99.0, 102.0) == (exits.STOP, 99.0)


def test_no_stop_and_no_target_never_leave():
    assert exits.exit_hit(1, 100.0, 1e9, 1e-9, 0.0, 0.0) == (exits.NONE, 0.0)


@given(SIDE, st.floats(0, 1_000), PRICE, st.floats(0, 20))
def test_a_trailing_stop_never_widens(side, stop, best, distance):
    moved = exits.trailed_stop(side, stop, best, distance)
    assert moved == stop or exits.is_tighter(side, moved, stop)


@given(SIDE, st.floats(0, 1_000), PRICE, PRICE, st.floats(0, 20), st.floats(0, 0.01))
def test_break_even_never_widens_and_never_closes_at_once(side, stop, entry, best, trigger, fee):
    moved = exits.breakeven_stop(side, stop, entry, best, trigger, fee)
    assert moved == stop or (
        exits.is_tighter(side, moved, stop) and exits.is_protective(side, moved, best)
    )


@pytest.mark.parametrize("side", [1, -1])
def test_break_even_pays_for_both_fees(side):
    entry, fee = 100.0, 0.001
    even = exits.breakeven_price(side, entry, fee)
    assert (even - entry) * side == pytest.approx(2 * fee * entry)


@given(SIDE, candles(), PRICE, PRICE)
def test_a_tick_is_a_candle_without_height(side, candle, stop, target):
    price = candle[0]
    kind, found = exits.exit_hit(side, price, price, price, stop, target)
    assert found == (0.0 if kind == exits.NONE else price)
