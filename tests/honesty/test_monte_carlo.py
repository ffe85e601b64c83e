"""Trades in another order: what does not depend on it stays, and the rest has its percentiles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_mcp.backtest.honesty.shuffles import monte_carlo

PNL = np.array([5.0, -3.0, 4.0, -6.0, 8.0, -2.0, -4.0, 7.0])


def test_the_same_seed_draws_the_same():
    assert monte_carlo(PNL, 100.0, seed=3) == monte_carlo(PNL, 100.0, seed=3)
    assert monte_carlo(PNL, 100.0, seed=3) != monte_carlo(PNL, 100.0, seed=4)


def test_the_drawdown_of_the_own_order_is_that_of_the_equity():
    equity = np.concatenate(([100.0], 100.0 + np.cumsum(PNL)))
    expected = 100.0 * (equity / np.maximum.accumulate(equity) - 1.0).min()
    assert monte_carlo(PNL, 100.0).measured_drawdown_pct == pytest.approx(expected)


def test_losers_in_a_row_fall_deepest_and_losers_apart_least():
    found = monte_carlo(np.array([10.0, -5.0, -5.0]), 100.0, runs=200)
    assert found.drawdown_pct.p5 == pytest.approx(100.0 * (100.0 / 110.0 - 1.0))
    assert found.drawdown_pct.p95 == pytest.approx(-100.0 * 5.0 / 105.0)


def test_trades_that_all_win_never_lose():
    found = monte_carlo(np.array([1.0, 2.0, 3.0]), 100.0)
    assert (found.losing_pct, found.drawdown_pct.p5, found.drawdown_pct.p95) == (0.0, 0.0, 0.0)


def test_the_median_end_of_equal_trades_is_the_end():
    found = monte_carlo(np.full(20, 1.0), 1e9)
    assert found.final_equity.p50 == pytest.approx(1e9 + 20.0)


def test_one_trade_has_no_order():
    assert monte_carlo(np.array([1.0]), 100.0) is None
    assert monte_carlo(np.array([]), 100.0) is None


def test_after_ruin_there_is_nothing_to_draw():
    found = monte_carlo(np.array([-50.0, -60.0, 500.0]), 100.0)
    assert found.trades == 2
    assert found.measured_drawdown_pct == -100.0


def test_many_trades_need_fewer_runs():
    assert monte_carlo(np.ones(20_000), 1e9).runs == 250


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-20, 20), min_size=2, max_size=30), st.integers(0, 9))
def test_percentiles_are_in_order_and_possible(pnl, seed):
    found = monte_carlo(np.array(pnl), 100.0, seed=seed, runs=120)
    if found is None:
        return
    falls = [getattr(found.drawdown_pct, f"p{p}") for p in (5, 25, 50, 75, 95)]
    ends = [getattr(found.final_equity, f"p{p}") for p in (5, 25, 50, 75, 95)]
    assert falls == sorted(falls)
    assert ends == sorted(ends)
    assert -100.0 <= falls[0] <= falls[-1] <= 0.0 <= ends[0]
