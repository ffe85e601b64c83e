"""Where stops and targets are put."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.rules import exits, levels

SIDES = st.sampled_from([1, -1])
ENTRIES = st.floats(0.01, 1e6)


def test_two_ranges_of_150_below_43000_are_42700():
    assert levels.stop_by_range(1, 43_000.0, 150.0, 2.0) == 42_700.0
    assert levels.stop_by_range(-1, 43_000.0, 150.0, 2.0) == 43_300.0


def test_twice_a_risk_of_300_is_won_at_43600():
    assert levels.target_by_ratio(43_000.0, 42_700.0, 2.0) == 43_600.0
    assert levels.target_by_ratio(43_000.0, 43_300.0, 2.0) == 42_400.0


def test_a_distance_is_in_percent_of_the_entry():
    assert levels.distance_pct(200.0, 199.0) == 0.5
    assert levels.distance_pct(200.0, 201.0) == 0.5
    assert levels.distance_pct(0.0, 1.0) == 0.0


@given(SIDES, ENTRIES, st.floats(1e-4, 0.2), st.floats(0.1, 4))
def test_a_stop_by_range_protects(side, entry, share, multiplier):
    stop = levels.stop_by_range(side, entry, entry * share, multiplier)
    assert exits.is_protective(side, stop, entry)
    assert abs(entry - stop) == pytest.approx(entry * share * multiplier)


@given(SIDES, ENTRIES, st.floats(1e-4, 0.5), st.floats(0.01, 100))
def test_reward_is_the_ratio_times_the_risk_on_the_winning_side(side, entry, share, ratio):
    stop = exits.level(side, entry, -share * 100)
    target = levels.target_by_ratio(entry, stop, ratio)
    assert (target - entry) * side > 0
    assert abs(target - entry) == pytest.approx(ratio * abs(entry - stop), rel=1e-6)
