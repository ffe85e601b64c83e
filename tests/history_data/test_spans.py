"""Stretches of time behave as sets of instants do."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.domain.spans import Hole, Span, common, inside, merged, told_apart, without

LAST = 40
SPANS = st.lists(
    st.tuples(st.integers(0, LAST), st.integers(0, 10)).map(lambda p: Span(p[0], p[0] + p[1])),
    max_size=8,
)


def instants(spans) -> set[int]:
    return {at for span in spans for at in range(span.start, span.end)}


@given(SPANS)
def test_merged_spans_hold_the_same_instants_in_order_and_apart(spans) -> None:
    found = merged(spans)

    assert instants(found) == instants(spans)
    assert all(one.end < other.start for one, other in pairwise(found))


@given(SPANS, SPANS)
def test_what_is_left_and_what_is_shared_are_differences_of_sets(spans, others) -> None:
    spans, others = merged(spans), merged(others)

    assert instants(without(spans, others)) == instants(spans) - instants(others)
    assert instants(common(spans, others)) == instants(spans) & instants(others)


@given(SPANS)
def test_an_instant_is_inside_where_a_span_holds_it(spans) -> None:
    spans, times = merged(spans), np.arange(LAST + 15)

    assert set(times[inside(times, spans)].tolist()) == instants(spans)


@given(SPANS, SPANS)
def test_every_hole_is_told_of_once(holes, answered) -> None:
    holes, answered = merged(holes), merged(answered)

    told = told_apart(holes, answered)

    assert instants(hole.span for hole in told) == instants(holes)
    assert instants(h.span for h in told if h.answered) == instants(holes) & instants(answered)
    assert told == [Hole(h.span, h.answered) for h in sorted(told, key=lambda hole: hole.span)]
