"""Candles with flaws are told, refused, and repaired only as it was said."""

import numpy as np
import pytest
from backtest_markets import START, candles_of

from trading_mcp.backtest.histories import misfit
from trading_mcp.backtest.soundness import flaws_of, interval_of, repaired
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.times import HOUR_MS, MINUTE_MS

ROW = (100.0, 101.0, 99.0, 100.5)


def market(count=6, **changed):
    """Candles of a minute; `close={2: nan}` changes one, `time={3: -1}` moves one by minutes."""
    good = candles_of([ROW] * count)
    columns = {name: getattr(good, name).copy() for name in Candles.__slots__}
    for name, at in changed.items():
        for row, value in at.items():
            columns[name][row] = START + (row + value) * MINUTE_MS if name == "time" else value
    order = ("time", "open", "high", "low", "close", "volume")
    return Candles(*(columns[name] for name in order))


def without(*rows):
    good = market(10)
    return good[np.array([row not in rows for row in range(10)])]


@pytest.mark.parametrize(
    ("candles", "what", "count"),
    [
        (without(3, 4, 7), "missing, in 2 gaps", 3),
        (market(time={3: -1}), "has the time of one before it", 1),
        (market(time={2: 1, 3: -1}), "is older than the one before it", 1),
        (market(close={2: np.nan}), "not finite", 1),
        (market(low={2: 0.0}), "not above 0", 1),
        (market(open={1: -5.0, 4: -5.0}), "not above 0", 2),
        (market(high={2: 98.0}), "has a high below its low", 1),
        (market(close={2: 150.0}), "has its close outside of low and high", 1),
        (market(time={5: 0.5}), "whole number of intervals", 1),
    ],
)
def test_each_flaw_is_told_with_its_number_and_time(candles, what, count):
    found = [flaw for flaw in flaws_of(candles, MINUTE_MS) if what in flaw.what]
    assert [flaw.count for flaw in found] == [count]
    assert found[0].times[0].startswith("2026-01-01T00:0")


def test_sound_candles_have_none():
    assert flaws_of(market(), MINUTE_MS) == []
    shifted = candles_of([ROW] * 5, START + 20_000)  # to no full minute: nobody minds
    assert flaws_of(shifted, MINUTE_MS) == []


@pytest.mark.parametrize(
    "candles",
    [
        market(time={2: 1, 3: -1}),
        market(time={3: -1}),
        market(close={2: np.nan}),
        market(low={2: 0.0}),
        market(time={4: 0.5}),
        without(3, 4, 7),
    ],
)
def test_what_is_repaired_has_no_flaw_left(candles):
    assert flaws_of(repaired(candles, MINUTE_MS, "flat"), MINUTE_MS) == []
    left = flaws_of(repaired(candles, MINUTE_MS, "skip"), MINUTE_MS)
    assert all("missing" in flaw.what for flaw in left)


def test_a_filled_gap_stands_at_the_last_close_and_trades_nothing():
    flat = repaired(without(3, 4), MINUTE_MS, "flat")
    assert len(flat) == 10
    for row in (3, 4):
        assert flat.row(row).open == flat.row(row).high == flat.row(row).low == 100.5
        assert flat.row(row).volume == 0.0


def test_of_candles_of_one_time_the_last_counts():
    twice = market(time={3: -1}, volume={3: 7.0})
    kept = repaired(twice, MINUTE_MS, "skip")
    assert kept.volume.tolist() == [1.0, 1.0, 7.0, 1.0, 1.0]


def test_the_interval_is_what_most_candles_keep():
    assert interval_of(without(2, 5).time) == "1m"
    assert interval_of(np.arange(5) * HOUR_MS) == "1h"
    with pytest.raises(ValueError, match="fewer than two"):
        interval_of(np.array([START]))
    with pytest.raises(ValueError, match="expected 1m"):
        interval_of(np.arange(5) * 7_000)


def test_finer_candles_must_reach_what_the_larger_one_did():
    large = candles_of([ROW], step=MINUTE_MS)
    halves = [(100.0, 101.0, 100.0, 101.0), (101.0, 101.0, 99.0, 100.5)]
    fine = candles_of(halves, step=MINUTE_MS // 2)
    assert misfit(large, fine, MINUTE_MS) == ""
    lower = candles_of([halves[0], (101.0, 101.0, 99.5, 100.5)], step=MINUTE_MS // 2)
    assert "another low" in misfit(large, lower, MINUTE_MS)
    assert "no finer candle" in misfit(large, candles_of(halves, START + HOUR_MS), MINUTE_MS)
