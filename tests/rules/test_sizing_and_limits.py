"""Sizes, costs and limits."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.rules import costs, limits, sizing


def test_kellys_stake_is_the_published_one():
    # W = 0.6 at even odds: 0.6 - 0.4 / 1 (Kelly 1956).
    assert sizing.kelly_stake(60, 40, 60.0, 40.0) == pytest.approx(0.2)


def test_a_losing_record_has_no_stake():
    assert sizing.kelly_stake(0, 10, 0.0, 10.0) == 0.0
    assert sizing.kelly_stake(20, 80, 20.0, 80.0) == 0.0


@given(
    st.floats(0.01, 10),
    st.floats(0.1, 2),
    st.floats(0, 1),
    st.integers(0, 1_000),
    st.floats(0, 1),
)
def test_the_risk_stays_between_a_quarter_and_the_plain_one(base, factor, kelly, trades, stake):
    risk = sizing.risk_percent(base, factor, kelly, trades, stake)
    assert min(base * factor, base / 4) - 1e-9 <= risk <= base * factor + 1e-9


@given(st.floats(1, 1e7), st.floats(0.01, 10), st.floats(0.01, 50))
def test_a_position_loses_the_risk_at_its_stop(equity, risk, stop):
    worth = sizing.notional_at_risk(equity, risk, stop)
    assert worth * stop / 100 == pytest.approx(equity * risk / 100)


def test_what_is_not_a_number_counts_as_beyond_the_limit():
    assert limits.breached(math.nan, 1e18)
    assert limits.breached(math.inf, 1e18)
    assert not limits.breached(1.0, 1.0)


def test_a_fall_from_an_unknown_start_is_unknown():
    assert math.isnan(limits.fall_pct(math.nan, 1.0))
    assert limits.fall_pct(100.0, 95.0) == pytest.approx(5.0)
    assert limits.fall_pct(100.0, 105.0) == 0.0


def test_slippage_is_what_was_paid_beyond_the_expected():
    assert costs.slippage_pct(1, 100.0, 101.0) == pytest.approx(1.0)
    assert costs.slippage_pct(-1, 100.0, 101.0) == pytest.approx(-1.0)


def test_opening_ties_up_the_margin_and_the_fee():
    assert costs.needed_funds(1_000.0, 10.0, 0.001) == pytest.approx(101.0)
