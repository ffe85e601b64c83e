"""A strategy's rubbish is refused, and the message says what it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_mcp.domain.signals import COLUMNS, Signals
from trading_mcp.strategy.answers import validate


def sound(length: int = 3) -> Signals:
    never = np.zeros(length, dtype=np.bool_)
    return Signals(never, never, never, never, np.zeros(length))


def with_(**columns: object) -> Signals:
    return sound().replaced(**columns)


@pytest.mark.parametrize("length", [0, 1, 500])
def test_a_sound_answer_passes(length: int) -> None:
    validate(sound(length), length)


YES = np.array([False, True, False])


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (None, "signals returned NoneType; expected Signals"),
        ([], "signals returned list; expected Signals"),
        (sound(2), "enter_long has shape (2,); expected a numpy array of 3 bool"),
        (with_(exit_long=None), "exit_long is NoneType; expected a numpy array of 3 bool"),
        (with_(exit_long=[True] * 3), "exit_long is list"),
        (with_(enter_short=np.zeros(3)), "enter_short holds float64; expected"),
        (with_(exit_short=np.zeros((3, 1), dtype=np.bool_)), "exit_short has shape (3, 1)"),
        (with_(strength=np.zeros(3, dtype=np.float32)), "strength holds float32"),
        (with_(strength=np.array([0, np.nan, 0])), "strength is nan at row 1; expected 0 to 1"),
        (with_(strength=np.array([0, 0, 1.5])), "strength is 1.5 at row 2"),
        (with_(strength=np.array([-0.1, 0, 0])), "strength is -0.1 at row 0"),
        (with_(strength=np.array([np.inf, 0, 0])), "strength is inf at row 0"),
        (
            with_(enter_long=YES, enter_short=YES),
            "enter_long and enter_short are both set at row 1",
        ),
    ],
)
def test_rubbish_is_refused(answer: Signals, complaint: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the message is compared below
        validate(answer, 3)
    assert complaint in str(refused.value)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from(["bool", "float64", "float32", "int64", "object", "U1", "datetime64[s]"]),
    st.integers(0, 3),
)
def test_any_column_passes_or_is_a_value_error(shape: list[int], dtype: str, length: int) -> None:
    column = np.zeros(shape, dtype=dtype)
    for name in COLUMNS:
        try:
            validate(sound(length).replaced(**{name: column}), length)
        except ValueError:
            continue
        assert column.shape == (length,)
