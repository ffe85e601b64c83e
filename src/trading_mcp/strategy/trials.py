"""The trials of a strategy: each is a question that yields what was found wrong."""

import time
from collections.abc import Callable, Iterator
from functools import cached_property

import msgspec
import numpy as np

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.signals import Signals
from trading_mcp.strategy.answers import FLAGS, validate
from trading_mcp.strategy.base import ENGINE_WINDOW, Direction, Params, Strategy
from trading_mcp.strategy.sample_markets import markets, odd_markets, walk

BUDGET_MS = 100.0
"""A strategy may take this long for what the engine shows it after each candle."""
LONGEST_WARMUP = 10_000
"""More candles than this no exchange hands out while somebody waits."""

_SHOWN_TOO_LITTLE = (
    "is not the same from the last {} candles, which the engine shows, as from all: raise warmup,"
    " and compare by crosses_above and crosses_below, which take near values for equal"
)
_BEYOND_WINDOW = 1_500
_TELLING_ROWS = 100
_SAME_STRENGTH = 1e-6


class Subject:
    """A strategy class on trial, with one set of parameters, and how long it took to answer."""

    milliseconds = 0.0

    def __init__(self, cls: type[Strategy], params: Params):
        self.cls, self.params = cls, params
        self.params_at_first = msgspec.json.encode(params)

    def fresh(self) -> Strategy:
        """Return a new instance."""
        return self.cls(self.params)

    def answer(self, candles: Candles) -> Signals:
        """Return what a new instance answers, once it is found to be sound."""
        return _answer(self.fresh(), candles)

    @cached_property
    def window(self) -> int:
        """How many candles the engine shows it."""
        return max(ENGINE_WINDOW, self.fresh().warmup)

    @cached_property
    def markets(self) -> dict[str, Candles]:
        """What it is tried on."""
        return markets(self.window + _BEYOND_WINDOW)


Trial = Callable[[Subject], Iterator[str]]


def warms_up(subject: Subject) -> Iterator[str]:
    """Is `warmup` a usable number?"""
    warmup = subject.fresh().warmup
    if type(warmup) is not int or not 0 <= warmup <= LONGEST_WARMUP:
        yield f"warmup is {warmup!r:.40}; expected an int from 0 to {LONGEST_WARMUP}"


def answers_in_time(subject: Subject) -> Iterator[str]:
    """Is it quick? The best of three counts, since the machine may be busy."""
    candles = walk(subject.window)
    subject.milliseconds = min(_milliseconds(subject.fresh(), candles) for _ in range(3))
    if subject.milliseconds > BUDGET_MS:
        found = f"{subject.milliseconds:.0f} ms for {len(candles)} candles"
        yield f"takes {found}; expected {BUDGET_MS:.0f} ms at most"


def answers_soundly(subject: Subject) -> Iterator[str]:
    """Is every answer well-formed, whatever the market is like?"""
    for market, candles in (subject.markets | odd_markets(subject.window)).items():
        try:
            signals = subject.answer(candles)
        except Exception as error:  # a strategy may raise anything at all
            yield f"on {market}: {type(error).__name__}: {error}"
            continue
        priceless = (signals.enter_long | signals.enter_short) & np.isnan(candles.close)
        if priceless.any():
            yield f"on {market}: enters at row {int(priceless.argmax())}, where there is no price"


def keeps_no_memory(subject: Subject) -> Iterator[str]:
    """Does an answer depend on nothing but candles and parameters?"""
    calm, wild = walk(subject.window), walk(subject.window, volatility=2e-2, seed=8)
    strategy = subject.fresh()
    given = _answer(strategy, calm)
    first = given.each(np.copy)
    if found := _difference(_answer(strategy, calm), first):
        yield f"is not deterministic: for the same candles, {found} differs"
    _answer(strategy, wild)
    if found := _difference(given, first):
        yield f"writes over an answer it has given: {found} changed"
    if found := _difference(_answer(strategy, calm), first):
        yield f"remembers other candles that it was shown: {found} differs after them"
    if found := _difference(subject.answer(calm), first):
        yield f"instances share state: {found} differs in a new one"


def leaves_things_alone(subject: Subject) -> Iterator[str]:
    """Do candles and parameters stay as they are?"""
    candles, untouched = walk(subject.window), walk(subject.window)
    strategy = subject.fresh()
    strategy.signals(candles)
    for name in Candles.__slots__:
        if not np.array_equal(getattr(candles, name), getattr(untouched, name)):
            yield f"changes the candles it is shown: {name}"
    now = msgspec.json.encode(strategy.params)
    if strategy.params is not subject.params or now != subject.params_at_first:
        yield "changes its parameters"


def heeds_direction(subject: Subject) -> Iterator[str]:
    """Are entries that the parameter `direction` rules out left out?"""
    ruled_out: dict[Direction, str] = {"long": "enter_short", "short": "enter_long"}
    for direction, entry in ruled_out.items():
        params = msgspec.structs.replace(subject.params, direction=direction)
        for market, candles in subject.markets.items():
            if getattr(Subject(subject.cls, params).answer(candles), entry).any():
                yield f"on {market}: sets {entry} although direction is {direction}"
                break


def does_not_look_ahead(subject: Subject) -> Iterator[str]:
    """Does row i depend on rows 0 to i only? Leave out what comes after it, and see."""
    for market, candles in subject.markets.items():
        whole = subject.answer(candles)
        for row in _telling_rows(whole, first=0):
            known = slice(row + 1)
            if found := _difference(subject.answer(candles[known]), _part(whole, known)):
                yield f"looks ahead: on {market}, {found} changes with the candles after {row}"
                break


def needs_no_more_than_it_is_shown(subject: Subject) -> Iterator[str]:
    """Is what the engine shows enough? Leave out what came before it, and see."""
    for market, candles in subject.markets.items():
        whole = subject.answer(candles)
        for row in _telling_rows(whole, first=subject.window):
            shown = candles[row + 1 - subject.window : row + 1]
            live = _part(subject.answer(shown), slice(-1, None))
            if _difference(live, _part(whole, slice(row, row + 1))):
                yield f"on {market}, row {row} {_SHOWN_TOO_LITTLE.format(subject.window)}"
                break


ROUNDS: list[list[Trial]] = [
    [warms_up],
    [answers_in_time],
    [answers_soundly],
    [
        keeps_no_memory,
        leaves_things_alone,
        heeds_direction,
        does_not_look_ahead,
        needs_no_more_than_it_is_shown,
    ],
]
"""Each round takes for granted what the one before has shown."""


def _milliseconds(strategy: Strategy, candles: Candles) -> float:
    start = time.perf_counter()
    strategy.signals(candles)
    return 1000 * (time.perf_counter() - start)


def _answer(strategy: Strategy, candles: Candles) -> Signals:
    signals = strategy.signals(candles)
    validate(signals, len(candles))
    return signals


def _part(signals: Signals, rows: slice) -> Signals:
    return signals.each(lambda column: column[rows])


def _difference(left: Signals, right: Signals) -> str:
    """Name the first column and row in which two answers differ, if they do."""
    differing = {name: getattr(left, name) != getattr(right, name) for name in FLAGS}
    differing["strength"] = np.abs(left.strength - right.strength) > _SAME_STRENGTH
    return next((f"{name} of row {d.argmax()}" for name, d in differing.items() if d.any()), "")


def _telling_rows(signals: Signals, *, first: int) -> list[int]:
    """Pick rows at which a cheat would show: where something is wished, beside it, and others."""
    wished = np.flatnonzero(np.logical_or.reduce([getattr(signals, name) for name in FLAGS]))
    others = np.linspace(first, len(signals.strength) - 1, _TELLING_ROWS // 3, dtype=np.int64)
    rows = np.unique(np.concatenate((wished - 1, wished, wished + 1, others)))
    rows = rows[(rows >= first) & (rows < len(signals.strength))]
    picked = np.linspace(0, len(rows) - 1, min(_TELLING_ROWS, len(rows)), dtype=np.int64)
    return [int(row) for row in rows[picked]]
