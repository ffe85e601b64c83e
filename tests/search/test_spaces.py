"""A space is what the strategy's parameters allow, and says what is wrong with it."""

import pytest
from search_parts import rsi_scalping

from trading_mcp.backtest.search.drawing import all_of, some_of
from trading_mcp.backtest.search.spaces import Choices, Stretch, space_of
from trading_mcp.domain.errors import InvalidParameter


def space(given, **fixed):
    return space_of(rsi_scalping(), given, fixed)


def test_values_are_listed_or_come_from_a_range() -> None:
    found = space(
        {
            "rsi_period": [14, 7],
            "rsi_oversold": {"min": 20, "max": 30, "step": 5},
            "stop_loss_pct": {"min": 0.1, "max": 0.3, "step": 0.1},
            "take_profit_pct": {"min": 0.5, "max": 2},
            "direction": ["long", "both"],
        }
    )

    assert found.axes == {
        "rsi_period": Choices((14, 7)),
        "rsi_oversold": Choices((20.0, 25.0, 30.0)),
        "stop_loss_pct": Choices((0.1, 0.2, 0.3)),
        "take_profit_pct": Stretch(0.5, 2.0),
        "direction": Choices(("long", "both")),
    }


def test_whole_parameters_take_every_whole_number_of_a_range() -> None:
    assert space({"rsi_period": {"min": 2, "max": 5}}).axes == {"rsi_period": Choices((2, 3, 4, 5))}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "nothing to search"),
        ({"period": [1]}, "rsi_scalping has no parameter 'period'; it has direction, "),
        ({"rsi_period": []}, "rsi_period: expected 1 to 10,000 values, got 0"),
        ({"rsi_period": [7, 1]}, "rsi_period: 1: Expected `int` >= 2"),
        ({"rsi_period": [7.5]}, "rsi_period: 7.5: Expected `int`"),
        ({"rsi_period": [7, 7]}, "rsi_period: a value is listed twice"),
        ({"rsi_period": 7}, "rsi_period: expected a list of values, or min, max and step"),
        ({"rsi_oversold": {"min": 20, "max": 101, "step": 1}}, "rsi_oversold: 101: "),
        ({"rsi_oversold": {"min": 30, "max": 20, "step": 1}}, "expected min up to max"),
        ({"rsi_oversold": {"min": 0, "max": 1, "step": 0}}, "expected min up to max in steps"),
        ({"rsi_oversold": {"min": 0, "max": 100, "step": 1e-6}}, "are more than 10,000"),
        ({"rsi_oversold": [float("nan")]}, "expected finite numbers"),
        ({"direction": ["up"]}, "direction: 'up': Invalid enum value"),
        ({"rsi_period": [7], "rsi_oversold": [float("inf")]}, "rsi_oversold: "),
    ],
)
def test_what_is_no_space_is_refused_by_the_parameters_name(given, told) -> None:
    with pytest.raises(InvalidParameter, match=told.replace("(", r"\(")):
        space(given)


def test_a_parameter_is_searched_or_fixed() -> None:
    with pytest.raises(InvalidParameter, match="rsi_period is both searched and fixed"):
        space({"rsi_period": [7]}, rsi_period=14)


def test_a_grid_is_always_in_the_same_order_and_leaves_out_what_the_strategy_refuses() -> None:
    found = space({"rsi_oversold": [20, 60], "rsi_overbought": [50, 70]}, rsi_period=7)

    assert all_of(found) == [
        {"rsi_period": 7, "rsi_oversold": 20.0, "rsi_overbought": 50.0},
        {"rsi_period": 7, "rsi_oversold": 20.0, "rsi_overbought": 70.0},
        {"rsi_period": 7, "rsi_oversold": 60.0, "rsi_overbought": 70.0},
    ]


def test_a_grid_must_have_an_end() -> None:
    with pytest.raises(InvalidParameter, match="stop_loss_pct: a grid needs a step"):
        all_of(space({"stop_loss_pct": {"min": 0.1, "max": 1}}))
    many = {"min": 0, "max": 50, "step": 0.1}
    with pytest.raises(InvalidParameter, match="251,001 combinations are more than 100,000"):
        all_of(space({"stop_loss_pct": many, "trailing_stop_pct": many}))


def test_random_combinations_are_drawn_by_the_seed_and_differ() -> None:
    found = space({"rsi_period": {"min": 2, "max": 200}, "stop_loss_pct": {"min": 0, "max": 1}})

    drawn = some_of(found, 50, seed=3)

    assert drawn == some_of(found, 50, seed=3)
    assert drawn != some_of(found, 50, seed=4)
    assert len({repr(one) for one in drawn}) == 50


def test_a_space_that_is_smaller_than_the_trials_is_tried_whole() -> None:
    found = space({"rsi_period": [7, 14, 21]})

    assert some_of(found, 50, seed=0) == all_of(found)
