"""Walk-forward: what is judged was never seen by what was chosen."""

import itertools

import msgspec
import numpy as np
import pytest

from trading_mcp.adapters.sqlite.trials import SqliteTrialLedger
from trading_mcp.backtest.honesty.attempts import Attempts
from trading_mcp.backtest.honesty.digests import past_of
from trading_mcp.backtest.honesty.joining import joined
from trading_mcp.backtest.honesty.walking import chosen_from, run_between, walk_forward
from trading_mcp.backtest.honesty.windows import Window, between, windows_of
from trading_mcp.backtest.metrics import metrics_of
from trading_mcp.backtest.runs import exits_of, run_strategy
from trading_mcp.backtest.terms import Terms
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.times import HOUR_MS
from trading_mcp_rsi import RsiScalping

PARAMS = RsiScalping.params_type(rsi_period=5)
TERMS = Terms(capital=1000.0, size_percent=100.0, exits=exits_of(PARAMS))
GRID = [{"rsi_period": period, "rsi_oversold": level} for period in (5, 9) for level in (25, 35)]


def hours(windows, start):
    return [tuple((at - start) // HOUR_MS for at in msgspec.structs.astuple(w)) for w in windows]


def test_tests_follow_one_another_up_to_the_end_and_searches_move_on(market):
    data = market(100)
    start = int(data.candles.time[0])
    found = hours(windows_of([data], folds=2, train_parts=3), start)
    assert found == [(0, 60, 80), (20, 80, 100)]


def test_an_anchored_search_always_begins_at_the_beginning(market):
    data = market(100)
    start = int(data.candles.time[0])
    found = hours(windows_of([data], folds=2, train_parts=3, anchored=True), start)
    assert found == [(0, 60, 80), (0, 80, 100)]


def test_too_few_candles_for_a_walk_are_refused_with_what_it_takes(market):
    with pytest.raises(InvalidParameter, match="expected at least 160"):
        windows_of([market(159)])


def test_a_search_is_shown_nothing_of_its_test(market, loop):
    data, seen = market(), []
    choose = chosen_from(RsiScalping, GRID[:1], TERMS, loop)

    def spy(shown):
        seen.append((int(shown[0].candles.time[0]), int(shown[0].candles.time[-1]) + HOUR_MS))
        return choose(shown)

    windows = windows_of([data], folds=3)
    walk_forward(RsiScalping, [data], TERMS, windows, spy, loop)
    assert seen == [(window.start, window.split) for window in windows]


def test_a_test_does_not_change_with_what_comes_after_it(market, loop):
    data = market()
    end = int(data.candles.time[1000])
    windows = [Window(start=int(data.candles.time[0]), split=int(data.candles.time[600]), end=end)]
    cut = between(data, 0, end)
    walks = [
        walk_forward(
            RsiScalping, [d], TERMS, windows, chosen_from(RsiScalping, GRID, TERMS, loop), loop
        )
        for d in (data, cut)
    ]
    assert walks[0].walk == walks[1].walk
    assert (walks[0].outcome.trades == walks[1].outcome.trades).all()


def test_a_test_is_warmed_up_by_what_came_before_it(market, loop):
    data = market()
    split, end = int(data.candles.time[700]), int(data.candles.time[900])
    cold = run_between(RsiScalping(PARAMS), [between(data, split, end)], TERMS, split, end, loop)
    warm = run_between(RsiScalping(PARAMS), [data], TERMS, split, end, loop)
    whole = run_strategy(RsiScalping(PARAMS), [between(data, 0, end)], TERMS, loop).outcome
    late = whole.trades[whole.trades.entry_row > 720]
    known = set(zip((late.entry_row - 700).tolist(), late.side.tolist(), strict=True))
    found = set(zip(warm.trades.entry_row.tolist(), warm.trades.side.tolist(), strict=True))
    assert known
    assert known <= found
    assert warm.time[0] == cold.time[0] == split


def test_the_headline_is_of_the_tests_as_one_run(market, loop):
    data = market()
    windows = windows_of([data], folds=4)
    found = walk_forward(
        RsiScalping, [data], TERMS, windows, chosen_from(RsiScalping, GRID, TERMS, loop), loop
    )
    walk, outcome = found.walk, found.outcome
    assert len(walk.folds) == 4
    assert walk.tested == metrics_of(outcome)
    assert walk.tested.total_trades == sum(fold.tested.total_trades for fold in walk.folds)
    assert walk.tested.final_equity == walk.folds[-1].tested.final_equity
    assert 1000.0 + walk.tested.total_pnl == pytest.approx(walk.tested.final_equity)
    assert (outcome.time == data.candles.time[-len(outcome.time) :]).all()
    assert (outcome.bars.close[outcome.trades.entry_row] > 0).all()


def test_two_markets_walk_together(market, loop):
    data = [market(), market(seed=5, name="ETH-USDT")]
    terms = msgspec.structs.replace(TERMS, size_percent=50.0)
    found = walk_forward(
        RsiScalping,
        data,
        terms,
        windows_of(data, folds=3),
        chosen_from(RsiScalping, GRID[:2], terms, loop),
        loop,
    )
    assert found.outcome.markets == ("BTC-USDT", "ETH-USDT")
    assert set(found.outcome.trades.market.tolist()) == {0, 1}
    entered = found.outcome.trades
    assert (found.outcome.bars.market[entered.entry_row] == entered.market).all()


@pytest.mark.parametrize("parts", [1, 3])
def test_parts_of_a_run_are_the_run(market, loop, parts):
    """But for what is held where it is cut: nothing, with parts that have no trades open."""
    data = market()
    whole = run_strategy(RsiScalping(PARAMS), [data], TERMS, loop).outcome
    if parts == 1:
        expected, found = metrics_of(whole), metrics_of(joined([whole]))
        assert msgspec.structs.asdict(found) == pytest.approx(msgspec.structs.asdict(expected))
        return
    cuts = np.linspace(0, len(data.candles), parts + 1).astype(int)
    ends = [*data.candles.time[cuts[:-1]].tolist(), int(data.candles.time[-1]) + HOUR_MS]
    capital, outcomes = 1000.0, []
    for start, end in itertools.pairwise(ends):
        held_to = msgspec.structs.replace(TERMS, capital=capital)
        outcomes.append(run_between(RsiScalping(PARAMS), [data], held_to, start, end, loop))
        capital = float(outcomes[-1].equity[-1])
    found = joined(outcomes)
    peaks = np.maximum.accumulate(np.concatenate(([1000.0], found.equity)))[1:]
    assert len(found.time) == len(whole.time)
    assert found.account["deepest"] == pytest.approx((1 - found.equity / peaks).max())
    assert len(found.trades) == sum(len(o.trades) for o in outcomes)


def test_everything_that_a_search_tries_is_in_the_ledger(market, loop, tmp_path):
    data, ledger = market(), SqliteTrialLedger(tmp_path / "trials.sqlite")
    attempts = Attempts(ledger, RsiScalping, "source", "sim")
    choose = chosen_from(RsiScalping, GRID, TERMS, loop, attempts=attempts)
    for _ in range(2):
        walk_forward(RsiScalping, [data], TERMS, windows_of([data]), choose, loop)
    past = past_of([data], "sim")
    tried = ledger.tried(data=past.data, market=past.market, start=past.start, end=past.end)
    ledger.close()
    assert tried.count == len(GRID)
