"""What a strategy wishes for."""

import functools
from collections.abc import Callable
from typing import Literal, NamedTuple

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


class Sparse(NamedTuple):
    """A read-only *column* that has *values* at *rows*, and is 0 at all others."""

    column: Column
    rows: Rows
    values: Column


class Signals(msgspec.Struct, frozen=True, dict=True):
    """A strategy's answer for a run of candles: five columns as long as the candles.

    Row i says what to do once candle i has closed, knowing only candles 0..i. *strength* is how
    sure the strategy is, 0 to 1.
    """

    enter_long: Flags
    exit_long: Flags
    enter_short: Flags
    exit_short: Flags
    strength: Column

    @functools.cached_property
    def rows(self) -> Rows:
        """The rows at which anything is wished, as the columns were when this was first asked."""
        return wished_rows(self.enter_long, self.exit_long, self.enter_short, self.exit_short)

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

        Elsewhere its strength is 0. That column is read-only, so that a long one need not be gone
        through again.
        """
        column = np.zeros(len(enter_long))
        answer = cls(enter_long, exit_long, enter_short, exit_short, column)
        values = np.empty(len(answer.rows))
        values[:] = strength(answer.rows)
        column[answer.rows] = values
        column.flags.writeable = False
        answer.__dict__["sparse"] = Sparse(column, answer.rows, values)
        return answer

    @property
    def strength_by_rows(self) -> Sparse | None:
        """The strength as it was built by rows; None: it was not, or may have changed."""
        sparse: Sparse | None = self.__dict__.get("sparse")
        if sparse is None or sparse.column is not self.strength or sparse.column.flags.writeable:
            return None
        return sparse

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
