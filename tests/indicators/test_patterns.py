"""Candlestick patterns are found where a trader would draw them, and all of them are explained."""

import numpy as np
import pytest
import talib

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.times import MINUTE_MS
from trading_mcp.indicators import warmup
from trading_mcp.indicators.patterns import (
    PATTERNS,
    TRUST,
    Found,
    find_patterns,
    pattern_named,
)
from trading_mcp.strategy.sample_markets import markets, odd_markets

# Open, high, low, close. Before each pattern lie candles with a body of 1 and shadows of 0.5.
DRAWN = [
    ("Engulfing", "bullish", [(100, 100.2, 98.8, 99), (98.5, 101.7, 98.3, 101.5)]),
    ("Engulfing", "bearish", [(100, 101.2, 99.8, 101), (101.5, 101.7, 98.3, 98.5)]),
    ("Harami", "bullish", [(104, 104.2, 99.8, 100), (101, 101.7, 100.9, 101.6)]),
    ("Doji", "indecision", [(100, 101, 99, 100)]),
    ("Dragonfly Doji", "bullish", [(100, 100, 97, 100)]),
    ("Gravestone Doji", "bearish", [(100, 103, 100, 100)]),
    ("Long-Legged Doji", "indecision", [(100, 103, 97, 100.02)]),
    ("Spinning Top", "indecision", [(100, 101, 99, 100.3)]),
    ("Marubozu", "bullish", [(100, 104, 100, 104)]),
    ("Marubozu", "bearish", [(104, 104, 100, 100)]),
    ("Hammer", "bullish", [(101, 101.1, 98.9, 99), (98.8, 99.15, 97, 99.1)]),
    ("Hanging Man", "bearish", [(99, 101.1, 98.9, 101), (101.2, 101.52, 99.2, 101.5)]),
    ("Inverted Hammer", "bullish", [(103, 103.2, 99.8, 100), (99.4, 101.5, 99.35, 99.7)]),
    ("Shooting Star", "bearish", [(100, 103.2, 99.8, 103), (103.3, 106, 103.25, 103.6)]),
    ("Piercing Line", "bullish", [(104, 104.2, 99.8, 100), (99, 103.2, 98.8, 103)]),
    ("Dark Cloud Cover", "bearish", [(100, 104.2, 99.8, 104), (105, 105.2, 100.8, 101)]),
    (
        "Morning Star",
        "bullish",
        [(105, 105.2, 99.8, 100), (99, 99.4, 98.6, 99.3), (100, 104.2, 99.8, 104)],
    ),
    (
        "Evening Star",
        "bearish",
        [(100, 105.2, 99.8, 105), (106, 106.4, 105.6, 106.3), (105, 105.2, 100.8, 101)],
    ),
    (
        "Morning Doji Star",
        "bullish",
        [(105, 105.2, 99.8, 100), (99, 99.4, 98.6, 99), (100, 104.2, 99.8, 104)],
    ),
    (
        "Abandoned Baby",
        "bearish",
        [(100, 105.2, 99.8, 105), (107, 107.4, 106.6, 107), (105, 105.2, 100.8, 101)],
    ),
    (
        "Three White Soldiers",
        "bullish",
        [(100, 102.1, 99.9, 102), (101, 104.1, 100.9, 104), (103, 106.1, 102.9, 106)],
    ),
    (
        "Three Black Crows",
        "bearish",
        [
            (105, 107.1, 104.9, 107),
            (106.5, 106.6, 104.4, 104.5),
            (105.5, 105.6, 102.4, 102.5),
            (103.5, 103.6, 100.4, 100.5),
        ],
    ),
    (
        "Three Inside Up/Down",
        "bullish",
        [(104, 104.2, 99.8, 100), (101, 101.7, 100.9, 101.6), (101.6, 105.2, 101.4, 105)],
    ),
    (
        "Three Outside Up/Down",
        "bullish",
        [(100, 100.2, 98.8, 99), (98.5, 101.7, 98.3, 101.5), (101.5, 103.2, 101.3, 103)],
    ),
    (
        "Rising/Falling Three Methods",
        "bullish",
        [
            (100, 106.2, 99.8, 106),
            (105, 105.3, 104.2, 104.4),
            (104.5, 104.7, 103.4, 103.6),
            (103.7, 103.9, 102.6, 102.8),
            (103, 108.2, 102.8, 108),
        ],
    ),
    (
        "Hikkake",
        "bearish",
        [(100, 103, 97, 101), (101, 102, 98, 100), (100, 104, 99, 101)],
    ),
]


@pytest.mark.parametrize(
    ("name", "direction", "candles"), DRAWN, ids=[f"{name} {d}" for name, d, _ in DRAWN]
)
def test_a_drawn_pattern_is_found_at_its_last_candle(name, direction, candles):
    drawn = after_usual_candles(*candles)
    found = [one for one in find(drawn, name) if one.row == len(drawn) - 1]
    assert [one.direction for one in found] == [direction]


def test_there_are_many_drawn_patterns() -> None:
    assert len({name for name, _, _ in DRAWN}) >= 15


def test_every_pattern_of_talib_is_told_once() -> None:
    codes = [pattern.code for pattern in PATTERNS]
    assert sorted(codes) == sorted(talib.get_function_groups()["Pattern Recognition"])
    assert len(codes) == len(set(codes)) == 61


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.code)
def test_every_pattern_has_a_name_and_a_meaning(pattern) -> None:
    assert pattern.direction in ("bullish", "bearish", "indecision", "neutral", None)
    assert pattern.kind in ("reversal", "continuation")
    assert pattern.trust in TRUST
    assert 10 <= len(pattern.says) <= 60
    assert pattern_named(pattern.name) is pattern_named(pattern.code) is pattern


def test_a_name_may_be_spelt_as_one_likes() -> None:
    spellings = ["Three White Soldiers", "three_white_soldiers", "CDL3WHITESOLDIERS"]
    assert {pattern_named(name).code for name in spellings} == {"CDL3WHITESOLDIERS"}
    assert pattern_named("four white soldiers") is None


def test_what_talib_calls_bullish_or_bearish_is_told_so() -> None:
    """Of the patterns that have one direction only, but for the gravestone, which TA-Lib counts
    as found rather than as rising."""
    candles = coarse(200_000)
    for pattern in PATTERNS:
        answers = getattr(talib, pattern.code)(
            candles.open, candles.high, candles.low, candles.close
        )
        signs = {int(sign) for sign in np.sign(answers[answers != 0])}
        if pattern.direction == "bullish":
            assert signs <= {1}, pattern.code
        elif pattern.direction == "bearish" and pattern.code != "CDLGRAVESTONEDOJI":
            assert signs <= {-1}, pattern.code


def test_strength_is_trust_times_completeness() -> None:
    found = list(find_patterns(coarse(50_000), PATTERNS))
    assert {round(one.strength, 3) for one in find(coarse(50_000), "Engulfing")} == {0.48, 0.6}
    assert {one.strength for one in found if one.pattern.name == "Hikkake"} == {0.6, 0.75}
    assert all(0 < one.strength <= 1 for one in found)


def test_a_candle_that_confirms_a_hikkake_makes_it_stronger() -> None:
    setup = [(100, 103, 97, 101), (101, 102, 98, 100), (100, 104, 99, 101)]
    drawn = after_usual_candles(*setup, (101, 101.5, 96.5, 97))
    first, confirmed = sorted(find(drawn, "Hikkake"), key=lambda one: one.row)[-2:]
    assert confirmed.row == first.row + 1 == len(drawn) - 1
    assert confirmed.strength > first.strength


def test_a_market_that_stands_still_draws_nothing() -> None:
    still = odd_markets(200)["a market that never moves"]
    assert list(find_patterns(still, PATTERNS)) == []


@pytest.mark.parametrize("name", [*markets(300), *odd_markets(300)])
def test_no_market_makes_it_raise(name: str) -> None:
    market = {**markets(300), **odd_markets(300)}[name]
    for one in find_patterns(market, PATTERNS):
        assert market.high[one.row] > market.low[one.row]


def test_what_is_found_does_not_depend_on_where_the_history_begins() -> None:
    for market in markets(600).values():
        whole = {summary(one, 0) for one in find_patterns(market, PATTERNS)}
        late = {summary(one, 300) for one in find_patterns(market[300:], PATTERNS)}
        settled = {one for one in whole if one[1] >= 300 + warmup.PATTERNS}
        assert {one for one in late if one[1] >= 300 + warmup.PATTERNS} == settled


def find(candles: Candles, name: str) -> list[Found]:
    pattern = pattern_named(name)
    assert pattern is not None
    return list(find_patterns(candles, [pattern]))


def summary(found: Found, offset: int) -> tuple[str, int, str, float]:
    return found.pattern.code, found.row + offset, found.direction, found.strength


def after_usual_candles(*drawn: tuple[float, float, float, float]) -> Candles:
    """Put what is drawn behind 30 candles that rise and fall by 1 in turn."""
    start = drawn[0][0]
    usual = [
        (start, start + 1.5, start - 0.5, start + 1)
        if n % 2
        else (start + 1, start + 1.5, start - 0.5, start)
        for n in range(30)
    ]
    columns = np.array([*usual, *drawn], dtype=np.float64).T
    times = np.arange(len(usual) + len(drawn), dtype=np.int64) * MINUTE_MS
    return Candles(times, *columns, np.ones(len(times)))


def coarse(length: int) -> Candles:
    """Return candles on so few prices that even rare patterns occur."""
    dice = np.random.default_rng(3)
    open_, close = (dice.integers(90, 111, length).astype(np.float64) for _ in range(2))
    high = np.maximum(open_, close) + dice.integers(0, 4, length) * (dice.random(length) < 0.6)
    low = np.minimum(open_, close) - dice.integers(0, 4, length) * (dice.random(length) < 0.6)
    times = np.arange(length, dtype=np.int64) * MINUTE_MS
    return Candles(times, open_, high, low, close, np.ones(length))
