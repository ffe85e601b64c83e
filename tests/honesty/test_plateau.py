"""Around the best parameters: a plateau, a lone peak, or the edge of what was tried."""

import itertools

import pytest

from trading_mcp.backtest.honesty.plateaus import Point, plateau


def grid(score, first=(10, 12, 14, 16, 18), second=(20, 25, 30)):
    both = itertools.product(first, second)
    return [Point(params={"a": a, "b": b, "side": "long"}, score=score(a, b)) for a, b in both]


def test_a_plateau_is_flat():
    found = plateau(grid(lambda a, b: 2.0 if (a, b) == (14, 25) else 1.9))
    assert (len(found.neighbours), found.at_edge) == (8, ())
    assert found.flatness == pytest.approx(0.95)


def test_a_lone_peak_has_low_neighbours():
    found = plateau(grid(lambda a, b: 2.0 if (a, b) == (14, 25) else -0.5))
    assert found.best.params == {"a": 14, "b": 25, "side": "long"}
    assert (found.flatness, found.neighbour_worst) == (-0.25, -0.5)


def test_the_best_at_the_edge_is_said_to_be_there():
    assert plateau(grid(lambda a, b: a)).at_edge == ("a", "b")
    assert plateau(grid(lambda a, b: -abs(a - 14) + b)).at_edge == ("b",)


def test_two_values_have_no_inside_and_so_no_edge():
    assert plateau(grid(lambda a, b: a, second=(20, 30))).at_edge == ("a",)


def test_neighbours_on_another_side_are_none():
    points = grid(lambda a, b: 1.0)
    other = [Point(params={**p.params, "side": "short"}, score=0.5) for p in points]
    found = plateau([*points, *other])
    assert {point.params["side"] for point in found.neighbours} == {"long"}


def test_scattered_values_are_near_within_a_tenth_of_their_range():
    points = [Point(params={"a": i / 10}, score=-abs(i - 500.0)) for i in range(0, 1001, 20)]
    found = plateau(points)
    assert [p.params["a"] for p in found.neighbours] == pytest.approx(
        [a for a in range(40, 61, 2) if a != 50]
    )


def test_the_map_is_over_the_two_parameters_that_matter():
    points = [
        Point(params={"dull": d, "a": a, "b": b}, score=float(10 * a + 5 * b))
        for d, a, b in itertools.product((1, 2, 3), (1, 2), (1, 2, 3))
    ]
    found = plateau(points).map
    assert (found.x, found.y) == ("a", "b")
    assert found.scores == ((15.0, 25.0), (20.0, 30.0), (25.0, 35.0))
    assert found.best == (2.0, 3.0)


def test_what_scored_nothing_counts_as_nothing_gained():
    points = [Point(params={"a": a}, score=s) for a, s in ((1, None), (2, 4.0), (3, 2.0))]
    found = plateau(points)
    assert (found.neighbour_mean, found.flatness, found.map) == (1.0, 0.25, None)


def test_nothing_scored_is_no_plateau():
    assert plateau([Point(params={"a": 1}, score=None)]) is None
    assert plateau([Point(params={"a": 1}, score=float("nan"))]) is None
    assert plateau([]) is None
