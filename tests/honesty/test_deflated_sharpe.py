"""The deflated Sharpe ratio, against the example that its authors published."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_mcp.backtest.honesty.deflated import deflated, expected_best, probability_above
from trading_mcp.domain.trials import NOTHING_TRIED, Tried
from trading_mcp.portfolio.ratios import YEAR_DAYS

# D. H. Bailey and M. López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio Management
# 40 (5), 2014, "A numerical example": a yearly Sharpe ratio of 2.5 from five
# years of 250 days, whose attempts' yearly ratios vary by 1/2.
DAYS, SHARPE, VARIANCE = 1250, 2.5 / math.sqrt(250), 0.5 / 250


def test_the_best_of_a_hundred_attempts_is_expected_where_the_authors_say():
    assert expected_best(VARIANCE, 100) == pytest.approx(0.1132, abs=5e-5)


@pytest.mark.parametrize(
    ("trials", "skewness", "kurtosis", "published"),
    [(100, -3, 10, 0.9004), (46, -3, 10, 0.9505), (88, 0, 3, 0.9505)],
)
def test_the_probability_is_that_of_the_published_example(trials, skewness, kurtosis, published):
    level = expected_best(VARIANCE, trials)
    found = probability_above(level, SHARPE, DAYS, skewness, kurtosis)
    assert found == pytest.approx(published, abs=5e-5)


def test_returns_like_those_of_the_example_are_deflated_as_it_says():
    # A skewness of -3 and a kurtosis of 10 leave two values only; 1145 of 1250 are the higher one.
    shape = np.repeat([0.303, -3.303], [1145, DAYS - 1145])
    returns = 0.01 * ((shape - shape.mean()) / shape.std(ddof=1) + SHARPE)
    found = deflated(returns.tolist(), Tried(count=100, scored=100, variance=VARIANCE * YEAR_DAYS))

    assert (found.days, found.trials) == (1250, 100)
    assert (found.skewness, found.kurtosis) == pytest.approx((-3, 10), abs=0.01)
    assert found.sharpe == pytest.approx(SHARPE * math.sqrt(YEAR_DAYS))
    assert found.benchmark == pytest.approx(0.1132 * math.sqrt(YEAR_DAYS), abs=1e-3)
    assert found.probability == pytest.approx(0.9004, abs=5e-4)


def test_more_attempts_leave_less():
    returns = np.random.default_rng(4).normal(0.001, 0.01, 500).tolist()
    found = [deflated(returns, Tried(count=n, scored=n, variance=1.0)) for n in (1, 10, 1000)]
    assert found[0].probability > found[1].probability > found[2].probability
    assert found[0].probability == found[0].alone == found[2].alone
    assert found[0].benchmark == 0.0


def test_too_few_days_or_days_all_alike_say_nothing():
    assert deflated([0.1, 0.2], NOTHING_TRIED) is None
    assert deflated([0.0] * 100, NOTHING_TRIED) is None


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=60),
    st.integers(0, 10**6),
    st.floats(0, 100),
)
def test_a_probability_is_one_whatever_the_returns(returns, count, variance):
    found = deflated(returns, Tried(count=count, scored=count, variance=variance))
    assert found is None or 0.0 <= found.probability <= found.alone <= 1.0
