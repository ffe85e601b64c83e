"""Every way a position is left, on candles written down by hand: fee, slippage and grid aside."""

import msgspec
import numpy as np
import pytest
from backtest_markets import START, candles_of, history_of, told

from trading_mcp import sdk
from trading_mcp.backtest.simulation import simulate
from trading_mcp.backtest.terms import Costs, Exits, Terms

FREE = Costs(taker_fee=0.0, maker_fee=0.0, slippage=0.0)
FLAT = (100.0, 100.0, 100.0, 100.0)


def run(loop, rows, exits=None, **wishes):
    terms = Terms(capital=1_000.0, size_percent=100.0, costs=FREE, exits=Exits(**(exits or {})))
    return simulate([history_of(rows, **wishes)], terms, loop)


def test_a_wish_is_acted_on_at_the_next_candles_open(loop):
    rows = [FLAT, (101.0, 103.0, 100.0, 102.0), (104.0, 106.0, 103.0, 105.0), FLAT]
    outcome = run(loop, rows, enter_long=[0], exit_long=[1])
    assert told(outcome) == [(1, 1, 101.0, 2, 104.0, "exit_signal")]


def test_a_wish_at_the_last_candle_is_nothing(loop):
    assert told(run(loop, [FLAT, FLAT], enter_long=[1])) == []


def test_a_wish_that_a_strategy_changes_once_its_answer_is_built_counts_as_it_is_then(loop):
    history = history_of([FLAT] * 6)
    enters, leaves = np.zeros((2, 6), dtype=np.bool_)
    enters[[1, 3]] = True
    answer = sdk.signals(6, enter_long=enters, exit_long=leaves)
    enters[1], leaves[4] = False, True

    history = msgspec.structs.replace(history, signals=answer)
    outcome = simulate([history], Terms(capital=1_000.0, size_percent=100.0, costs=FREE), loop)

    assert told(outcome) == [(1, 4, 100.0, 5, 100.0, "exit_signal")]


def test_what_is_held_at_the_end_is_left_at_the_last_close(loop):
    rows = [FLAT, FLAT, (100.0, 103.0, 99.0, 102.0)]
    outcome = run(loop, rows, enter_long=[0])
    assert told(outcome) == [(1, 1, 100.0, 2, 102.0, "end_of_data")]
    assert outcome.equity.tolist() == [1_000.0, 1_000.0, 1_020.0]


def test_a_stop_is_left_at_its_price(loop):
    rows = [FLAT, FLAT, (100.0, 100.5, 98.0, 98.5), FLAT]
    outcome = run(loop, rows, {"stop_loss_pct": 1.0}, enter_long=[0])
    assert told(outcome) == [(1, 1, 100.0, 2, 99.0, "stop_loss")]


def test_a_gap_through_the_stop_gives_the_open_and_not_the_stop(loop):
    rows = [FLAT, FLAT, (97.0, 99.5, 96.0, 98.0), FLAT]
    outcome = run(loop, rows, {"stop_loss_pct": 1.0}, enter_long=[0])
    assert told(outcome) == [(1, 1, 100.0, 2, 97.0, "stop_loss")]


def test_a_gap_through_a_shorts_stop_gives_the_open(loop):
    rows = [FLAT, FLAT, (103.0, 104.0, 100.0, 101.0), FLAT]
    outcome = run(loop, rows, {"stop_loss_pct": 1.0}, enter_short=[0])
    assert told(outcome) == [(-1, 1, 100.0, 2, 103.0, "stop_loss")]


def test_a_gap_over_the_target_gives_the_better_open(loop):
    rows = [FLAT, FLAT, (103.0, 104.0, 102.5, 103.5), FLAT]
    outcome = run(loop, rows, {"take_profit_pct": 2.0}, enter_long=[0])
    assert told(outcome) == [(1, 1, 100.0, 2, 103.0, "take_profit")]


def test_a_candle_that_reaches_both_is_stopped(loop):
    rows = [FLAT, FLAT, (100.0, 103.0, 98.0, 102.0), FLAT]
    exits = {"stop_loss_pct": 1.0, "take_profit_pct": 2.0}
    assert told(run(loop, rows, exits, enter_long=[0])) == [(1, 1, 100.0, 2, 99.0, "stop_loss")]
    assert told(run(loop, rows, exits, enter_short=[0])) == [(-1, 1, 100.0, 2, 101.0, "stop_loss")]


@pytest.mark.parametrize(
    ("candle", "price", "why"),
    [
        ((100.0, 100.5, 98.5, 99.5), 99.0, "stop_loss"),
        ((100.0, 102.5, 99.5, 101.0), 102.0, "take_profit"),
        ((100.0, 102.5, 98.5, 101.0), 99.0, "stop_loss"),
    ],
)
def test_the_entrys_own_candle_counts(loop, candle, price, why):
    exits = {"stop_loss_pct": 1.0, "take_profit_pct": 2.0}
    outcome = run(loop, [FLAT, candle, FLAT], exits, enter_long=[0])
    assert told(outcome) == [(1, 1, 100.0, 1, price, why)]


def test_the_wished_exit_goes_before_a_stop_that_the_open_has_passed(loop):
    rows = [FLAT, FLAT, (97.0, 98.0, 96.0, 97.5), FLAT]
    outcome = run(loop, rows, {"stop_loss_pct": 1.0}, enter_long=[0], exit_long=[1])
    assert told(outcome) == [(1, 1, 100.0, 2, 97.0, "exit_signal")]


def test_a_position_is_turned_round_at_one_open(loop):
    rows = [FLAT, FLAT, (102.0, 103.0, 101.0, 102.0), (101.0, 101.0, 101.0, 101.0)]
    outcome = run(loop, rows, enter_long=[0], exit_long=[1], enter_short=[1])
    assert told(outcome) == [
        (1, 1, 100.0, 2, 102.0, "exit_signal"),
        (-1, 2, 102.0, 3, 101.0, "end_of_data"),
    ]


def test_what_is_held_is_not_entered_again_nor_left_by_the_other_sides_wish(loop):
    rows = [FLAT] * 5
    outcome = run(loop, rows, enter_long=[0, 1], enter_short=[2], exit_short=[1, 2])
    assert told(outcome) == [(1, 1, 100.0, 4, 100.0, "end_of_data")]


def test_after_a_stop_the_same_candle_is_not_entered_again(loop):
    rows = [FLAT, FLAT, (100.0, 100.0, 98.0, 98.0), (98.0, 98.0, 98.0, 98.0), FLAT]
    outcome = run(loop, rows, {"stop_loss_pct": 1.0}, enter_long=[0, 1, 2])
    assert [trade[:4] for trade in told(outcome)] == [(1, 1, 100.0, 2), (1, 3, 98.0, 4)]


TRAIL = {"stop_loss_pct": 5.0, "trailing_stop_pct": 1.0}


def test_a_trailing_stop_follows_the_best_price(loop):
    rows = [FLAT, FLAT, (100.0, 110.0, 100.0, 109.5), (109.5, 109.5, 108.0, 108.5), FLAT]
    outcome = run(loop, rows, TRAIL, enter_long=[0])
    assert told(outcome) == [(1, 1, 100.0, 3, 108.9, "trailing_stop")]


def test_a_shorts_trailing_stop_follows_down(loop):
    rows = [FLAT, FLAT, (100.0, 100.0, 90.0, 90.5), (90.5, 92.0, 90.5, 91.5), FLAT]
    outcome = run(loop, rows, TRAIL, enter_short=[0])
    assert told(outcome) == [(-1, 1, 100.0, 3, 90.9, "trailing_stop")]


def test_on_the_entrys_candle_the_first_stop_holds_and_then_it_follows(loop):
    """Its own high may have come after its low: the stop must not profit from it at once."""
    rows = [FLAT, (100.0, 104.0, 96.0, 103.9), (103.9, 103.9, 102.0, 103.0), FLAT]
    outcome = run(loop, rows, TRAIL, enter_long=[0])
    assert told(outcome) == [(1, 1, 100.0, 2, 102.96, "trailing_stop")]


def test_a_stop_does_not_follow_to_where_the_candle_has_left_it_again(loop):
    rows = [FLAT, FLAT, (100.0, 110.0, 100.0, 101.0), (101.0, 101.0, 94.0, 94.0), FLAT]
    outcome = run(loop, rows, TRAIL, enter_long=[0])
    assert told(outcome) == [(1, 1, 100.0, 3, 99.0, "trailing_stop")]  # where it was before


def test_the_stop_moves_to_break_even_once_the_gain_is_there(loop):
    exits = {"stop_loss_pct": 5.0, "breakeven_pct": 2.0}
    rows = [FLAT, FLAT, (100.0, 102.0, 99.0, 101.5), (101.5, 101.5, 98.0, 99.0), FLAT]
    assert told(run(loop, rows, exits, enter_long=[0])) == [(1, 1, 100.0, 3, 100.0, "breakeven")]
    short = [FLAT, FLAT, (100.0, 101.0, 98.0, 98.5), (98.5, 102.0, 98.5, 101.0), FLAT]
    assert told(run(loop, short, exits, enter_short=[0])) == [(-1, 1, 100.0, 3, 100.0, "breakeven")]


def test_break_even_pays_for_both_fees(loop):
    terms = Terms(
        capital=1_000.0,
        size_percent=50.0,
        costs=Costs(taker_fee=0.001, slippage=0.0),
        exits=Exits(stop_loss_pct=5.0, breakeven_pct=2.0),
    )
    rows = [FLAT, FLAT, (100.0, 102.0, 99.0, 101.5), (101.5, 101.5, 98.0, 99.0), FLAT]
    outcome = simulate([history_of(rows, enter_long=[0])], terms, loop)
    assert outcome.trades.exit_price[0] == pytest.approx(100.2)
    assert outcome.trades.pnl[0] == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize(("most", "row"), [(1, 2), (3, 4)])
def test_a_position_is_left_when_its_time_is_up(loop, most, row):
    outcome = run(loop, [FLAT] * 8, {"max_candles": most}, enter_long=[0])
    assert told(outcome) == [(1, 1, 100.0, row, 100.0, "time_limit")]
    assert outcome.trades.candles.tolist() == [most]


def test_a_market_that_stands_still_is_held_to_its_end(loop):
    outcome = run(loop, [FLAT] * 6, {"stop_loss_pct": 1.0, "take_profit_pct": 1.0}, enter_long=[1])
    assert told(outcome) == [(1, 2, 100.0, 5, 100.0, "end_of_data")]
    assert outcome.equity.tolist() == [1_000.0] * 6


def test_after_missing_candles_a_wish_is_acted_on_at_the_next_there_is(loop):
    history = history_of([FLAT, (90.0, 91.0, 89.0, 90.0), FLAT], enter_long=[0])
    history.candles.time.base[1:] += 3_600_000  # an hour is missing
    outcome = simulate([history], Terms(capital=1_000.0, size_percent=100.0, costs=FREE), loop)
    assert told(outcome)[0][:3] == (1, 1, 90.0)


def test_a_stop_that_a_gap_of_hours_has_passed_gives_the_first_price_there_is(loop):
    rows = [FLAT, FLAT, (80.0, 81.0, 79.0, 80.0)]
    history = history_of(rows, enter_long=[0])
    history.candles.time.base[2:] += 3_600_000
    terms = Terms(capital=1_000.0, size_percent=100.0, costs=FREE, exits=Exits(stop_loss_pct=1.0))
    assert told(simulate([history], terms, loop)) == [(1, 1, 100.0, 2, 80.0, "stop_loss")]


BOTH = {"stop_loss_pct": 1.0, "take_profit_pct": 2.0}


class TestFinerCandles:
    """Smaller candles tell in which order a candle has reached its prices."""

    rows = (FLAT, FLAT, (100.0, 103.0, 98.0, 101.0), FLAT)

    def with_inside(self, loop, *inside, exits=None):
        step = 15_000
        finer = candles_of(inside, START + 2 * 60_000, step)
        terms = Terms(
            capital=1_000.0, size_percent=100.0, costs=FREE, exits=Exits(**(exits or BOTH))
        )
        history = history_of(list(self.rows), more={"finer": finer}, enter_long=[0])
        return simulate([history], terms, loop)

    def test_the_target_counts_where_it_was_reached_first(self, loop):
        outcome = self.with_inside(loop, (100.0, 103.0, 100.0, 102.0), (102.0, 102.0, 98.0, 101.0))
        assert told(outcome) == [(1, 1, 100.0, 2, 102.0, "take_profit")]

    def test_the_stop_counts_where_it_was_reached_first(self, loop):
        outcome = self.with_inside(loop, (100.0, 100.0, 98.0, 99.0), (99.0, 103.0, 99.0, 101.0))
        assert told(outcome) == [(1, 1, 100.0, 2, 99.0, "stop_loss")]

    def test_the_time_is_that_of_the_smaller_candle(self, loop):
        outcome = self.with_inside(loop, (100.0, 101.0, 100.0, 101.0), (101.0, 103.0, 98.0, 101.0))
        assert outcome.trades.exit_at[0] == outcome.time[2] + 15_000

    def test_a_trailing_stop_follows_inside_the_candle(self, loop):
        outcome = self.with_inside(
            loop,
            (100.0, 103.0, 100.0, 103.0),
            (103.0, 103.0, 98.0, 101.0),
            exits={"stop_loss_pct": 5.0, "trailing_stop_pct": 1.0},
        )
        assert told(outcome) == [(1, 1, 100.0, 2, 101.97, "trailing_stop")]
