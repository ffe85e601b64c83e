"""What is to be searched: for each parameter its values, or the range they come from."""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

import msgspec

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.strategy.base import Params, Strategy
from trading_mcp.strategy.params import build_params

Combination = dict[str, Any]
"""A value for each parameter that is searched or fixed."""
MOST_VALUES = 10_000
"""Of one parameter."""


class Range(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values from *min* to *max*, both included, *step* apart.

    Without a step whole parameters take every whole number, and others any number, which a grid
    cannot.
    """

    min: float
    max: float
    step: float | None = None


class Choices(msgspec.Struct, frozen=True):
    """A parameter that takes one of *values*, in this order."""

    values: tuple[Any, ...]

    @property
    def ends(self) -> tuple[Any, ...]:
        """The least and the greatest where there is an order, else all."""
        try:
            return (min(self.values), max(self.values))
        except TypeError:
            return self.values


class Stretch(msgspec.Struct, frozen=True):
    """A parameter that takes any number from *low* to *high*."""

    low: float
    high: float

    @property
    def ends(self) -> tuple[Any, ...]:
        """The least and the greatest."""
        return (self.low, self.high)


class Space(msgspec.Struct, frozen=True, kw_only=True):
    """What is searched for *strategy*; *fixed* are parameters that stay as they are."""

    strategy: type[Strategy]
    axes: dict[str, Choices | Stretch]
    fixed: Combination

    @property
    def size(self) -> int | None:
        """How many combinations there are; None: without number."""
        counts = [len(a.values) if isinstance(a, Choices) else None for a in self.axes.values()]
        known = [count for count in counts if count is not None]
        return math.prod(known) if len(known) == len(counts) else None

    def grid(self) -> Iterator[Combination]:
        """Return all combinations, the last parameter changing first."""
        columns = [axis.values for axis in self.axes.values() if isinstance(axis, Choices)]
        for values in itertools.product(*columns):
            yield self.fixed | dict(zip(self.axes, values, strict=True))

    def params(self, combination: Combination) -> Params | None:
        """Return the parameters of *combination*; None if they are at odds with one another."""
        try:
            return build_params(self.strategy, combination)
        except InvalidParameter:
            return None


def space_of(strategy: type[Strategy], given: Mapping[str, Any], fixed: Mapping[str, Any]) -> Space:
    """Read a space: for each parameter a list of values, or an object with min, max and step.

    Every value is held to the bounds that the strategy declares for its parameter.

    Raises:
        InvalidParameter: naming the parameter, what was found and what was expected.
    """
    if not given:
        raise InvalidParameter(
            "nothing to search: expected values for at least one parameter", field="parameters"
        )
    if both := sorted(set(given) & set(fixed)):
        raise InvalidParameter(f"{both[0]} is both searched and fixed", field=both[0])
    _known(strategy, {*given, *fixed})
    axes = {name: _axis(strategy, name, values) for name, values in given.items()}
    return Space(strategy=strategy, axes=axes, fixed=_fixed(strategy, fixed))


def _known(strategy: type[Strategy], names: set[str]) -> None:
    fields = strategy.params_type.__struct_fields__
    for name in sorted(names - set(fields)):
        raise InvalidParameter(
            f"{strategy.name} has no parameter {name[:60]!r}; it has {', '.join(fields)}",
            field=name[:60],
        )


def _axis(strategy: type[Strategy], name: str, given: Any) -> Choices | Stretch:
    if isinstance(given, list | tuple):
        return Choices(_listed(strategy, name, tuple(given)))
    try:
        wanted = msgspec.convert(given, Range)
    except msgspec.ValidationError as error:
        raise _refused(name, f"expected a list of values, or min, max and step: {error}") from None
    if not all(map(math.isfinite, (wanted.min, wanted.max, wanted.step or 0.0))):
        raise _refused(name, "min, max and step must be finite")
    if wanted.min > wanted.max or (wanted.step is not None and wanted.step <= 0):
        raise _refused(name, "expected min up to max in steps above 0")
    return _ranged(strategy, name, wanted)


def _ranged(strategy: type[Strategy], name: str, wanted: Range) -> Choices | Stretch:
    whole = _is_whole(strategy, name)
    step = 1.0 if whole and wanted.step is None else wanted.step
    if step is None:
        low, high = (_value(strategy, name, end) for end in (wanted.min, wanted.max))
        return Stretch(low, high)
    # A hair more, so that 0.1 to 0.3 in steps of 0.1 has its end.
    count = math.floor((wanted.max - wanted.min) / step + 1e-9) + 1
    if count > MOST_VALUES:
        raise _refused(name, f"{count:,} values are more than {MOST_VALUES:,}")
    numbers = [float(f"{wanted.min + place * step:.12g}") for place in range(count)]
    return Choices(_listed(strategy, name, tuple(int(n) if n == int(n) else n for n in numbers)))


def _listed(strategy: type[Strategy], name: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not 0 < len(values) <= MOST_VALUES:
        raise _refused(name, f"expected 1 to {MOST_VALUES:,} values, got {len(values):,}")
    found = tuple(_value(strategy, name, value) for value in values)
    if len({*map(repr, found)}) < len(found):
        raise _refused(name, "a value is listed twice")
    return found


def _value(strategy: type[Strategy], name: str, value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise _refused(name, f"expected finite numbers, got {value}")
    hint = get_type_hints(strategy.params_type, include_extras=True)[name]
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        raise _refused(name, f"{value!r:.60}: {error}") from None


def _fixed(strategy: type[Strategy], fixed: Mapping[str, Any]) -> Combination:
    return {name: _value(strategy, name, value) for name, value in fixed.items()}


def _is_whole(strategy: type[Strategy], name: str) -> bool:
    return get_type_hints(strategy.params_type)[name] is int


def _refused(name: str, why: str) -> InvalidParameter:
    return InvalidParameter(f"{name}: {why}", field=name)
