"""The float grid of a backtest is the decimal grid of real orders."""

import math
from decimal import Decimal

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from trading_mcp.domain import numbers
from trading_mcp.domain.numbers import EXACT, exact, floats_of
from trading_mcp.rules import grid

GRIDS = st.builds(
    lambda units, power: Decimal(units).scaleb(power),
    st.sampled_from([1, 1, 1, 2, 5, 25, 3, 125]),
    st.integers(-8, 2),
)
PAIRS = [
    (grid.down_to, numbers.down_to),
    (grid.up_to, numbers.up_to),
    (grid.nearest, numbers.nearest),
]


@st.composite
def on_or_near(draw):
    """A grid, and a number anywhere, on the grid, half way, or a float's breadth beside it."""
    step = draw(GRIDS)
    steps = draw(st.integers(0, 10**13 // max(1, int(step * 1000))))
    place = EXACT.multiply(step, steps) + draw(st.sampled_from([Decimal(0), step / 2]))
    # Floats are the neighbours of nobody else's decimal only up to so many digits (`rules.grid`).
    assume(len(place.normalize().as_tuple().digits) <= 15)
    number = float(place)
    beside = draw(st.integers(-2, 2))
    for _ in range(abs(beside)):
        number = math.nextafter(number, math.inf if beside > 0 else -math.inf)
    return step, draw(st.one_of(st.just(number if number > 1e-9 else 0.0), st.floats(1e-9, 1e6)))


@settings(max_examples=1_000)
@given(on_or_near())
@example((Decimal("0.1"), 0.3))
@example((Decimal("0.05"), 100.075))
@example((Decimal("0.00000001"), 0.1 + 0.2))
def test_floats_come_to_the_same_multiple_as_decimals(case):
    step, number = case
    units, scale = floats_of(step)
    for fast, slow in PAIRS:
        assert fast(number, units, scale) == float(slow(exact(number), step)), fast.__name__


@given(GRIDS)
def test_a_tick_is_its_units_over_its_scale(step):
    units, scale = floats_of(step)
    assert (units, scale) == (int(units), int(scale))
    assert Decimal(int(units)) / Decimal(int(scale)) == step


@settings(max_examples=1_000)
@given(st.integers(1, 10**9), st.integers(1, 10**7), GRIDS, st.integers(0, 4), st.integers(0, 6))
def test_what_is_bought_is_what_a_real_order_would_be(cents, ticks, step, worth_digits, digits):
    worth, price = Decimal(cents).scaleb(-worth_digits), Decimal(ticks).scaleb(-digits)
    if cents % 3 == 0:  # worth just so many steps, or hardly less
        worth = exact(math.nextafter(float(price * step * (cents // 3 % 10**6 + 1)), ticks % 2))
    assume(worth / price / step < 10**12)
    expected = numbers.down_to(EXACT.divide(worth, price), step)
    tick = Decimal(1).scaleb(-digits)
    bought = grid.bought(float(worth), float(price), *floats_of(step), *floats_of(tick))
    assert bought == float(expected)


@pytest.mark.parametrize("number", [0.0, 1.23456789, 1e17])
def test_without_a_grid_numbers_stay_as_they_are(number):
    assert all(fast(number, 0.0, 1.0) == number for fast, _ in PAIRS)


def test_what_is_paid_is_rounded_against_the_trader():
    assert grid.against(1, 100.01, 1.0, 10.0) == 100.1
    assert grid.against(-1, 100.09, 1.0, 10.0) == 100.0
    assert grid.against(1, 100.1, 1.0, 10.0) == grid.against(-1, 100.1, 1.0, 10.0) == 100.1
