"""What has been worked out of a column is not worked out again, and nobody notices."""

import numpy as np
import pytest

from trading_mcp.indicators import series
from trading_mcp.indicators.sharing import Shelf
from trading_mcp.strategy.sample_markets import walk

CLOSE = walk(500, seed=4).close


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions that were really worked out."""
    names, answer = [], series._answer

    def noted(function, columns, parameters):
        names.append(function.__name__)
        return answer(function, columns, parameters)

    monkeypatch.setattr(series, "_answer", noted)
    return names


def shelf_of(*columns, most_bytes=1_000_000) -> Shelf:
    return Shelf(columns, most_bytes=most_bytes)


def test_the_same_question_is_worked_out_once(worked):
    with shelf_of(CLOSE).in_use():
        answers = [series.rsi(CLOSE, 14) for _ in range(3)]

    assert worked == ["RSI"]
    for answer in answers:
        np.testing.assert_array_equal(answer, series.rsi(CLOSE, 14))


def test_an_answer_is_the_callers_own():
    with shelf_of(CLOSE).in_use():
        series.ema(CLOSE, 9)[:] = 0.0
        again = series.ema(CLOSE, 9)

    np.testing.assert_array_equal(again, series.ema(CLOSE, 9))


@pytest.mark.parametrize(
    "other",
    [
        lambda: series.sma(CLOSE, 10),
        lambda: series.ema(CLOSE, 9),
        lambda: series.sma(CLOSE[1:], 9),
        lambda: series.sma(CLOSE[:-1], 9),
        lambda: series.sma(CLOSE[::2], 9),
    ],
    ids=["parameter", "function", "start", "end", "stride"],
)
def test_another_question_has_another_answer(worked, other):
    alone = other()
    with shelf_of(CLOSE).in_use():
        series.sma(CLOSE, 9)
        found = other()

    assert len(worked) == 3
    np.testing.assert_array_equal(found, alone)


def test_what_may_change_or_is_not_known_is_worked_out_each_time(worked):
    mine = CLOSE.copy()
    stranger = walk(500, seed=5).close
    with shelf_of(CLOSE, mine).in_use():
        for column in (mine, mine, stranger, stranger):
            series.sma(column, 9)

    assert len(worked) == 4


def test_after_its_use_a_shelf_is_not_asked(worked):
    with shelf_of(CLOSE).in_use():
        series.sma(CLOSE, 9)
    series.sma(CLOSE, 9)

    assert len(worked) == 2


def test_the_oldest_goes_when_there_is_too_much(worked):
    with shelf_of(CLOSE, most_bytes=2 * CLOSE.nbytes).in_use():
        for period in (5, 6, 7, 7, 6, 5):
            series.sma(CLOSE, period)

    assert len(worked) == 4
