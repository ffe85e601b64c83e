"""What a plugin builds its answer with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp import sdk
from trading_mcp.domain.signals import Flags, wished_rows
from trading_mcp.strategy.answers import validate


def flags(*rows: int) -> Flags:
    return np.isin(np.arange(5), rows)


def test_what_is_left_out_is_never_wished() -> None:
    answer = sdk.signals(5, enter_long=flags(1))

    validate(answer, 5)
    assert answer.enter_long.tolist() == [False, True, False, False, False]
    assert not (answer.exit_long | answer.enter_short | answer.exit_short).any()
    validate(sdk.signals(0), 0)


def test_strength_counts_only_where_something_is_wished() -> None:
    unsure = np.array([np.nan, 0.7, 0.8, 0.9, np.nan])

    answer = sdk.signals(5, enter_long=flags(1), exit_short=flags(3), strength=unsure)

    assert answer.strength.tolist() == [0, 0.7, 0, 0.9, 0]
    assert sdk.signals(5, exit_long=flags(0, 2)).strength.tolist() == [1, 0, 1, 0, 0]


@pytest.mark.parametrize("strength", [np.nan, np.inf, -0.1, 1.5])
def test_a_strength_out_of_its_range_is_refused(strength: float) -> None:
    answer = sdk.signals(5, enter_long=flags(1, 3), strength=lambda rows: rows * strength / 3)

    with pytest.raises(ValueError, match=r"at row [13]; expected 0 to 1"):
        validate(answer, 5)


def test_what_takes_the_place_of_a_built_strength_is_looked_at() -> None:
    answer = sdk.signals(5, enter_long=flags(1))
    prices = np.full(5, 100.0)
    prices.flags.writeable = False

    with pytest.raises(ValueError, match=r"strength is 100\.0 at row 0"):
        validate(answer.replaced(strength=prices), 5)
    with pytest.raises(ValueError, match="read-only"):
        answer.strength[0] = 2


@pytest.mark.parametrize(
    ("direction", "long", "short"), [("both", 1, 1), ("long", 1, 0), ("short", 0, 1)]
)
def test_a_direction_rules_out_entries_and_leaves_exits(
    direction: sdk.Direction, long: int, short: int
) -> None:
    answer = sdk.signals(
        5,
        enter_long=flags(0),
        exit_long=flags(1),
        enter_short=flags(2),
        exit_short=flags(3),
        direction=direction,
    )

    assert answer.enter_long.sum() == long
    assert answer.enter_short.sum() == short
    assert answer.exit_long.sum() == answer.exit_short.sum() == 1
    assert answer.strength.tolist() == [long, 1, short, 1, 0]


@given(st.lists(st.sampled_from([0, 0, 0, 0, 1, 2, 3]), max_size=60), st.integers(0, 9))
def test_rows_are_those_at_which_anything_is_wished(kinds: list[int], shift: int) -> None:
    kind = np.array(kinds, dtype=np.int64)[shift:]
    one, other = kind & 1 == 1, kind & 2 == 2

    assert wished_rows(one, other, one).tolist() == np.flatnonzero(kind).tolist()
    assert wished_rows(one[::-1]).tolist() == np.flatnonzero(one[::-1]).tolist()


def test_confidence_rises_from_a_half_to_one() -> None:
    excess = np.array([-3.0, 0, 5, 10, 20, np.nan, np.inf])
    assert sdk.confidence(excess, 10).tolist() == [0.5, 0.5, 0.75, 1, 1, 0.5, 1]
    assert sdk.confidence(excess[:4], np.array([1, 0, 10, np.nan])).tolist() == [
        0.5,
        0.5,
        0.75,
        0.5,
    ]


def test_all_that_is_offered_is_there() -> None:
    assert [name for name in sdk.__all__ if not hasattr(sdk, name)] == []
