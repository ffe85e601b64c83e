"""How a stop follows, as one function: what the live engine does step by step."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.domain.numbers import exact, floats_of, nearest
from trading_mcp.rules import costs, exits, margins

PRICES = st.integers(500, 2_000).map(lambda n: n / 10)
PERCENTS = st.sampled_from([0.0, 0.3, 1.0, 2.5])


@given(
    side=st.sampled_from([1, -1]),
    entry=PRICES,
    stop=st.one_of(st.just(0.0), PRICES),
    best=PRICES,
    last=PRICES,
    breakeven=PERCENTS,
    trailing=PERCENTS,
    tick=st.sampled_from(["0.1", "0.05", "0.001"]),
)
def test_it_is_break_even_then_trailing_on_the_nearest_tick(
    side, entry, stop, best, last, breakeven, trailing, tick
):
    even = exits.breakeven_stop(side, stop, entry, best, breakeven, 0.001)
    moved = exits.trailed_stop(side, even, best, trailing)
    level = float(nearest(exact(moved), Decimal(tick)))
    follows = stop not in (moved, level) and exits.is_protective(side, level, last)

    kind, followed = exits.followed_stop(
        side, stop, entry, best, last, breakeven, trailing, 0.001, *floats_of(Decimal(tick))
    )

    if not follows:
        assert (kind, followed) == (exits.NONE, stop)
    else:
        assert (kind, followed) == (exits.BREAKEVEN if moved == even else exits.TRAILING, level)


def test_time_is_up_after_so_many_candles():
    assert [exits.time_is_up(candles, 3) for candles in range(5)] == [False] * 3 + [True] * 2
    assert not exits.time_is_up(1_000, 0)


def test_of_two_levels_the_nearer_one_is_met_first():
    assert margins.is_reached_first(1, 100.0, 95.0, 90.0)
    assert not margins.is_reached_first(1, 100.0, 90.0, 95.0)
    assert margins.is_reached_first(-1, 100.0, 105.0, 110.0)
    assert margins.is_reached_first(1, 80.0, 90.0, 95.0)  # the open is beyond both
    assert not margins.is_reached_first(1, 100.0, 0.0, 95.0)


def test_longs_pay_shorts_at_a_positive_rate():
    assert costs.funding_received(1, 10.0, 2.0, 0.0001) == -0.002
    assert costs.funding_received(-1, 10.0, 2.5, 0.0002) == 0.005
