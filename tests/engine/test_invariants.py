"""Whatever callers, exchanges, crashes and people do, in any order: what must never be, is not.

Beside the engine stands an exchange that keeps its own books. After each step: the journal is the
state, byte for byte; money and positions are what has been told; what may still trade is reserved
in full; no limit was passed at any approval; no order was sent twice, or after the kill switch;
exits never exceed what is held. When everything has come to rest, our books are the exchange's, and
each position has its one stop there.
"""

import decimal
import os
import random
from collections.abc import Collection
from decimal import Decimal
from typing import Any

import pytest
from engine_happenings import OFTEN, Happenings
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from trading_mcp.domain.numbers import EXACT

EXAMPLES, STEPS = int(os.environ.get("TRADING_MCP_EXAMPLES", "150")), 50
CAPS = [None, Decimal(700)]


class Drawn:
    """Dice whose throws hypothesis makes smaller when something is wrong."""

    def __init__(self, data: st.DataObject):
        self._data = data

    def of(self, several: Collection[Any]) -> Any:
        found = list(several)
        return found[self.number(0, len(found) - 1)] if found else None

    def number(self, low: int, high: int) -> int:
        return self._data.draw(st.integers(low, high))


class Thrown:
    """Dice of a seed: each throw is as likely as any other, so that long stories get far."""

    def __init__(self, seed: int):
        self._random = random.Random(seed)

    def of(self, several: Collection[Any]) -> Any:
        found = list(several)
        return self._random.choice(found) if found else None

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)


class Machine(RuleBasedStateMachine):
    """Hypothesis tells the story."""

    begun = None

    @initialize(cap=st.sampled_from(CAPS))
    def begin(self, cap):
        self.world = type(self).begun(cap)

    # One rule, not one for each: hypothesis leaves some out, and without orders nothing happens.
    @rule(data=st.data(), what=st.sampled_from(OFTEN))
    def there_is(self, data, what):
        self.world.happen(what, Drawn(data))

    def teardown(self):
        if hasattr(self, "world"):
            self.world.comes_to_rest()
            self.world.must_be_told_by_the_journal()


@pytest.fixture
def begun(limited, spot, perpetual):
    """A function that begins a world, in which sums are exact as they are in the server."""
    with decimal.localcontext(EXACT):
        yield lambda cap: Happenings(limited, spot, perpetual, cap)


@pytest.mark.slow
def test_what_must_never_be_is_not(begun):
    machine = type("Told", (Machine,), {"begun": staticmethod(begun)})
    machine.TestCase.settings = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None
    )
    machine.TestCase("runTest").runTest()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_nor_in_any_of_many_long_stories(begun, part):
    for seed in range(part, EXAMPLES, 4):
        dice, world = Thrown(seed), begun(CAPS[seed % 2])
        for step in range(STEPS * 2):
            try:
                world.happen(dice.of(OFTEN), dice)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}, step {step}: {error}") from error
        world.comes_to_rest()
        world.must_be_told_by_the_journal()
