"""What a strategy wishes for."""

import functools
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from trading_mcp.domain.candles import Column
from trading_mcp.domain.markets import MarketKey

Flags = NDArray[np.bool_]
Rows = NDArray[np.int64]
Wish = Literal["enter_long", "exit_long", "enter_short", "exit_short"]
WISHES: tuple[Wish, ...] = ("exit_long", "exit_short", "enter_long", "enter_short")
"""In the order they are acted on: what leaves goes before what enters."""


COLUMNS = ("enter_long", "exit_long", "enter_short", "exit_short", "strength")
"""The columns of an answer, in their order."""


class Sparse(NamedTuple):
    """A column that has *values* at *rows*, and is 0 at all others."""

    rows: Rows
    values: Column


class Signals:
    """A strategy's answer for a run of candles: five columns as long as the candles.

    Row i says what to do once candle i has closed, knowing only candles 0..i. *strength* is how
    sure the strategy is, 0 to 1.
    """

    enter_long: Flags
    exit_long: Flags
    enter_short: Flags
    exit_short: Flags
    _sparse: Sparse

    def __init__(
        self,
        enter_long: Flags,
        exit_long: Flags,
        enter_short: Flags,
        exit_short: Flags,
        strength: Column,
    ):
        self.__dict__.update(
            enter_long=enter_long,
            exit_long=exit_long,
            enter_short=enter_short,
            exit_short=exit_short,
            strength=strength,
        )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"signals are an answer that was given: {name} cannot be set")

    @functools.cached_property
    def strength(self) -> Column:
        """How sure the strategy is of each row, 0 to 1.

        Of an answer that was built by rows it is read-only, and made when it is first asked for: a
        long history seldom needs it.
        """
        column = np.zeros(len(self.enter_long))
        column[self._sparse.rows] = self._sparse.values
        column.flags.writeable = False
        return column

    @functools.cached_property
    def rows(self) -> Rows:
        """The rows at which anything is wished, as the columns were when this was first asked."""
        return wished_rows(*self.flags)

    @property
    def flags(self) -> tuple[Flags, Flags, Flags, Flags]:
        """The columns of what is wished: `enter_long`, `exit_long`, `enter_short`, `exit_short`."""
        return self.enter_long, self.exit_long, self.enter_short, self.exit_short

    def replaced(self, **columns: Any) -> "Signals":
        """Return this answer with other *columns*, by their names."""
        named = dict(zip(COLUMNS, (*self.flags, self.strength), strict=True))
        return Signals(**named | columns)

    def each(self, changed: Callable[[NDArray[Any]], NDArray[Any]]) -> "Signals":
        """Return an answer of what *changed* makes of each of the five columns."""
        long, leave_long, short, leave_short = map(changed, self.flags)
        return Signals(long, leave_long, short, leave_short, changed(self.strength))

    @classmethod
    def by_rows(
        cls,
        enter_long: Flags,
        exit_long: Flags,
        enter_short: Flags,
        exit_short: Flags,
        strength: Callable[[Rows], Column | float],
    ) -> "Signals":
        """Return an answer that is as sure as *strength* says of the rows where it wishes anything.

        Elsewhere its strength is 0.
        """
        answer = cls(enter_long, exit_long, enter_short, exit_short, np.empty(0))
        del answer.__dict__["strength"]
        values = np.empty(len(answer.rows))
        values[:] = strength(answer.rows)
        answer.__dict__["_sparse"] = Sparse(answer.rows, values)
        return answer

    @property
    def strength_by_rows(self) -> Sparse | None:
        """The strength as it was built by rows; None: it was not, or may have changed."""
        sparse: Sparse | None = self.__dict__.get("_sparse")
        column: Column | None = self.__dict__.get("strength")
        return None if column is not None and column.flags.writeable else sparse

    def strength_at(self, rows: Rows) -> Column:
        """Return the strength at *rows*."""
        sparse = self.strength_by_rows
        return sparse.values if sparse and sparse.rows is rows else self.strength[rows]


def wished_rows(*columns: Flags) -> Rows:
    """Return the rows at which any of *columns*, of which there is one at least, is true."""
    # Where one side leaves is often where the other enters: the same column, looked at once.
    different = {id(column): column for column in columns}
    some = [column for column in different.values() if np.any(column)] or columns[:1]
    return true_rows(functools.reduce(np.bitwise_or, some))


def true_rows(column: Flags) -> Rows:
    """Return what `np.flatnonzero` does, in half the time where few are true.

    Eight at once are looked at as one number, so that the processor has less to guess.
    """
    flags = np.ascontiguousarray(column, dtype=np.bool_)
    whole = len(flags) - len(flags) % 8
    eights = flags[:whole].view(np.uint64)
    some = np.flatnonzero(eights != 0)
    if len(some) * 2 > len(eights):
        return np.flatnonzero(flags)
    at = np.flatnonzero(eights[some].view(np.bool_))
    rows = some[at >> 3] << 3 | at & 7
    return np.concatenate((rows, whole + np.flatnonzero(flags[whole:])))


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy's wishes for one market at the closed candle that opened at *at* (UTC ms)."""

    strategy: str
    market: MarketKey
    at: int
    close: float
    strength: float
    wishes: tuple[Wish, ...]
    atr: float = 0.0
    """Average true range of the last 14 candles, in quote: what `volatility_multiplier` scales."""
