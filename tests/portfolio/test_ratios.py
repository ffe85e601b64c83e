"""Ratios of returns against values that empyrical's tests publish, for years of 252 days."""

import math

import pytest

from trading_mcp.portfolio.ratios import (
    annual_return,
    calmar_ratio,
    sharpe_ratio,
    sortino_ratio,
)

MIXED = [r / 100 for r in (1.0, 10.0, -4.0, 2.0, 3.0, 2.0, 1.0, -10.0)]
NEGATIVE = [r / 100 for r in (0.0, -6.0, -7.0, -1.0, -9.0, -2.0, -6.0, -8.0, -5.0)]
POSITIVE = [r / 100 for r in (1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)]
TO_365_DAYS = math.sqrt(365 / 252)


@pytest.mark.parametrize(
    ("returns", "published"),
    [
        (MIXED, 1.7238613961706866),
        (NEGATIVE, -24.406808633910085),
        (POSITIVE, 52.915026221291804),
    ],
)
def test_the_sharpe_ratio_is_the_published_one(returns: list[float], published: float) -> None:
    assert sharpe_ratio(returns) == pytest.approx(published * TO_365_DAYS, rel=1e-12)


@pytest.mark.parametrize(
    ("returns", "published"), [(MIXED, 2.605531251673693), (NEGATIVE, -13.532743075043401)]
)
def test_the_sortino_ratio_is_the_published_one(returns: list[float], published: float) -> None:
    assert sortino_ratio(returns) == pytest.approx(published * TO_365_DAYS, rel=1e-12)


def test_the_calmar_ratio_is_the_published_one() -> None:
    growth, days = math.prod(1 + r for r in MIXED), 9  # the first of nine days has no return
    yearly = annual_return(growth, days * 365 / 252)
    assert yearly == pytest.approx(1.9135925373194231, rel=1e-12)
    assert calmar_ratio(yearly, 0.1) == pytest.approx(19.135925373194233, rel=1e-12)


def test_what_has_no_value_has_none() -> None:
    assert sharpe_ratio([0.01]) is None
    assert sharpe_ratio([0.0, 0.0, 0.0]) is None
    assert sharpe_ratio([0.1] * 7) is None  # not what rounding leaves of their deviation
    assert sortino_ratio(POSITIVE) is None
    assert calmar_ratio(0.5, 0.0) is None
    assert annual_return(1.5, 0.0) is None
    assert annual_return(2.0, 0.1) is None  # doubled in two hours: for a year, that is no number
    assert annual_return(0.0, 30.0) == -1.0
