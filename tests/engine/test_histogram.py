"""A histogram of durations against the durations themselves."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.engine.histogram import Histogram

DURATIONS = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=200)


def histogram(durations: list[float]) -> Histogram:
    made = Histogram()
    for duration in durations:
        made.record(duration)
    return made


@given(DURATIONS, st.floats(0, 100))
def test_a_percentile_is_within_a_fortieth_of_the_nearest_rank(durations, percent):
    rank = max(math.ceil(len(durations) * percent / 100), 1)
    exact = sorted(durations)[rank - 1]
    assert histogram(durations).percentile(percent) == pytest.approx(exact, rel=0.0222)


@given(DURATIONS)
def test_count_sum_and_extremes_are_exact(durations):
    made = histogram(durations)
    assert (made.count, made.least, made.most) == (len(durations), min(durations), max(durations))
    assert made.sum == sum(durations)
    assert made.average == pytest.approx(sum(durations) / len(durations))
    assert made.percentile(100) == max(durations)


@given(DURATIONS)
def test_the_buckets_count_what_does_not_exceed_their_bound(durations):
    for bound, count in histogram(durations).buckets():
        near = [d for d in durations if not math.isclose(d, bound)]
        assert sum(d <= bound for d in near) <= count <= sum(d <= bound * 1.0001 for d in durations)


def test_its_memory_is_bounded():
    made = histogram([1.3**i / 1e6 for i in range(200)])
    assert len(made.counts) <= 434
    assert made.buckets()[-1] == (math.inf, 200)


def test_nothing_measured_is_zero():
    assert Histogram().percentile(99) == Histogram().average == 0.0


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_what_is_no_duration_is_refused(wrong):
    with pytest.raises(ValueError, match="duration"):
        Histogram().record(wrong)
