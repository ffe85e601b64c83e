"""The calendar in numbers is the calendar."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.domain.times import start_of_day, start_of_month, start_of_week
from trading_mcp.rules.periods import day_number, month_number, week_number

TIMES = st.integers(0, 4_102_444_800_000)  # until 2100


@given(TIMES)
def test_a_months_number_is_its_year_and_month(at):
    date = datetime.fromtimestamp(at / 1000, UTC)
    assert month_number(at) == 12 * date.year + date.month - 1


@given(TIMES, TIMES)
def test_two_times_lie_in_one_period_just_when_it_has_one_start(one, other):
    for number, start in (
        (day_number, start_of_day),
        (week_number, start_of_week),
        (month_number, start_of_month),
    ):
        assert (number(one) == number(other)) == (start(one) == start(other))
