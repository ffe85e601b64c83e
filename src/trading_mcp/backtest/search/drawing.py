"""Combinations that are chosen without looking at results: all of them, or some at random."""

import itertools
import random
from collections.abc import Iterator

from trading_mcp.backtest.search.spaces import Choices, Combination, Space, Stretch
from trading_mcp.domain.errors import InvalidParameter

MOST_COMBINATIONS = 100_000
_PATIENCE = 20
"""How many draws in a row may bring nothing new before a space counts as used up."""


def all_of(space: Space) -> list[Combination]:
    """Return every combination that the strategy accepts, always in the same order.

    Raises:
        InvalidParameter: they are too many, or without number.
    """
    check_grid(space)
    return [found for found in space.grid() if space.params(found) is not None]


def check_grid(space: Space) -> None:
    """Raise InvalidParameter if there are too many combinations, or if they are without number."""
    for name, axis in space.axes.items():
        if isinstance(axis, Stretch):
            raise InvalidParameter(f"{name}: a grid needs a step", field=name)
    if (space.size or 0) > MOST_COMBINATIONS:
        raise InvalidParameter(
            f"{space.size:,} combinations are more than {MOST_COMBINATIONS:,}: search at random or "
            "guided, with a number of trials",
            field="parameters",
        )


def some_of(space: Space, count: int, seed: int) -> list[Combination]:
    """Return up to *count* different combinations that the strategy accepts, drawn by *seed*.

    Of a space that has no more than that, all are returned.
    """
    if space.size is not None and space.size <= count:
        return all_of(space)
    drawn: dict[str, Combination] = {}
    misses = 0
    for combination in _draws(space, seed):
        before = len(drawn)
        if space.params(combination) is not None:
            drawn.setdefault(repr(combination), combination)
        misses = 0 if len(drawn) > before else misses + 1
        if len(drawn) == count or misses > _PATIENCE * count:
            break
    return list(drawn.values())


def _draws(space: Space, seed: int) -> Iterator[Combination]:
    chance = random.Random(seed)
    for _ in itertools.count():
        yield space.fixed | {name: _drawn(axis, chance) for name, axis in space.axes.items()}


def _drawn(axis: Choices | Stretch, chance: random.Random) -> object:
    if isinstance(axis, Choices):
        return chance.choice(axis.values)
    return chance.uniform(axis.low, axis.high)
