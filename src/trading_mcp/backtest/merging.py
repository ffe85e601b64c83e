"""All markets' candles, wishes and settlements in one order: by time, and then by market."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading_mcp.backtest.histories import History
from trading_mcp.backtest.kernel.layout import (
    ENTER_LONG,
    ENTER_SHORT,
    EXIT_LONG,
    EXIT_SHORT,
    Bars,
    Finer,
    Funding,
    Whole,
    Wishes,
)
from trading_mcp.domain.candles import Column
from trading_mcp.domain.signals import Flags, Signals, wished_rows

_NONE: Column = np.empty(0)
_NO_ROWS: Whole = np.empty(0, dtype=np.int64)
_NO_FUNDING = Funding(_NO_ROWS, _NONE, _NONE)
_FLAGS = {
    "enter_long": ENTER_LONG,
    "exit_long": EXIT_LONG,
    "enter_short": ENTER_SHORT,
    "exit_short": EXIT_SHORT,
}
_PRICES = ("open", "high", "low", "close")
Places = Sequence[Whole] | None
"""For each market, the rows at which its candles stand; None: there is one, and each stays."""


def places_of(histories: Sequence[History]) -> Places:
    """Return where each market's candles come to stand."""
    if len(histories) == 1:
        return None
    order = np.argsort(_joined([h.candles.time for h in histories]), kind="stable")
    rows = np.empty(len(order), dtype=np.int64)
    rows[order] = np.arange(len(order))
    return np.split(rows, np.cumsum([len(h.candles) for h in histories])[:-1])


def bars_of(histories: Sequence[History], places: Places) -> Bars:
    """Return the candles, read-only: for columns that may be written the loop is compiled anew."""
    markets = [_numbered(m, len(h.candles)) for m, h in enumerate(histories)]
    names = ("time", *_PRICES)
    times, *prices = ([getattr(h.candles, name) for h in histories] for name in names)
    return Bars(*(_frozen(_placed(part, places)) for part in (times, markets, *prices)))


@functools.lru_cache(maxsize=1)
def _numbered(market: int, count: int) -> NDArray[np.uint16]:
    # Kept for the next run over as many candles, whose only market has the same.
    return np.full(count, market, dtype=np.uint16)


def _frozen(column: NDArray[Any]) -> NDArray[Any]:
    frozen = column.view()
    frozen.flags.writeable = False
    return frozen


def wishes_of(histories: Sequence[History], places: Places) -> Wishes:
    """Return what was wished for."""
    found = [_wishes(history) for history in histories]
    if places is None:
        return found[0]
    rows = _joined([place[wishes.row] for place, wishes in zip(places, found, strict=True)])
    order = np.argsort(rows)
    columns = (_joined([wishes[n] for wishes in found])[order] for n in range(1, len(found[0])))
    return Wishes(rows[order], *columns)


def finer_of(histories: Sequence[History], places: Places) -> Finer:
    """Return the smaller candles; none if no market has any."""
    if all(history.finer is None for history in histories):
        return Finer(_NO_ROWS, _NO_ROWS, _NO_ROWS, _NONE, _NONE, _NONE, _NONE)
    parts = [_finer(history) for history in histories]
    starts = np.cumsum([0, *(len(part.time) for part in parts)])
    first = [part.first + start for part, start in zip(parts, starts, strict=False)]
    end = [part.end + start for part, start in zip(parts, starts, strict=False)]
    columns = (_joined([part[n] for part in parts]) for n in range(2, len(parts[0])))
    return Finer(_placed(first, places), _placed(end, places), *columns)


def funding_of(histories: Sequence[History], places: Places) -> Funding:
    """Return the settlements."""
    found = [_funding(history) for history in histories]
    if places is None:
        return found[0]
    rows = _joined([place[funding.row] for place, funding in zip(places, found, strict=True)])
    order = np.argsort(rows)
    columns = (_joined([funding[n] for funding in found])[order] for n in (1, 2))
    return Funding(rows[order], *columns)


class _Wishing(NamedTuple):
    """A column that is true at *wished* rows, and the bits of what that means."""

    column: Flags
    bits: int
    wished: int


def _wishes(history: History) -> Wishes:
    signals = history.signals
    columns = _columns(signals)
    rows = signals.rows
    flags = _flags_at(rows, columns)
    if any(np.count_nonzero(flags & of.bits) != of.wished for of in columns):
        # What was wished has changed since rows were looked for.
        rows = wished_rows(*(of.column for of in columns))
        flags = _flags_at(rows, columns)
    return Wishes(rows, flags, signals.strength_at(rows), _ranges(history, rows))


def _columns(signals: Signals) -> list[_Wishing]:
    """Return each column in which anything is wished: where one side leaves, the other may enter,
    and it is looked at once."""
    bits: dict[int, int] = {}
    columns: dict[int, Flags] = {}
    for name, bit in _FLAGS.items():
        column = getattr(signals, name)
        columns[id(column)] = column
        bits[id(column)] = bits.get(id(column), 0) | bit
    found = (_Wishing(c, bits[at], int(np.count_nonzero(c))) for at, c in columns.items())
    return [wishing for wishing in found if wishing.wished]


def _flags_at(rows: Whole, columns: Sequence[_Wishing]) -> Whole:
    flags = np.zeros(len(rows), dtype=np.int64)
    for wishing in columns:
        flags |= wishing.column[rows] * np.int64(wishing.bits)
    return flags


def _ranges(history: History, rows: Whole) -> Column:
    if history.atr is None:
        return np.zeros(len(rows))
    atr = history.atr[rows]
    # Where there is too little for an average, nothing is widened by it.
    known: Column = np.where(np.isfinite(atr), atr, 0.0)
    return known


def _finer(history: History) -> Finer:
    times, finer = history.candles.time, history.finer
    if finer is None:
        nowhere = np.zeros(len(times), dtype=np.int64)
        return Finer(nowhere, nowhere, _NO_ROWS, _NONE, _NONE, _NONE, _NONE)
    return Finer(
        np.searchsorted(finer.time, times),
        np.searchsorted(finer.time, times + history.interval),
        finer.time,
        *(np.ascontiguousarray(getattr(finer, name)) for name in _PRICES),
    )


def _funding(history: History) -> Funding:
    """Sum the rates up by the candle they fall into; what falls into a gap is due at its end."""
    if history.settlements is None or not len(history.candles):
        return _NO_FUNDING
    times, due = history.candles.time, history.settlements.time
    row = np.searchsorted(times, due, side="right") - 1
    in_gap = due >= times[np.maximum(row, 0)] + history.interval
    row = row + in_gap
    held = (row >= 0) & (row < len(times))
    row, rate = row[held], history.settlements.rate[held]
    at_open = (due[held] == times[row]) | in_gap[held]
    rows, place = np.unique(row, return_inverse=True)
    if not len(rows):
        return _NO_FUNDING
    opening: Column = np.bincount(place, weights=np.where(at_open, rate, 0.0)).astype(np.float64)
    inside: Column = np.bincount(place, weights=np.where(at_open, 0.0, rate)).astype(np.float64)
    return Funding(rows, opening, inside)


def _joined(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(columns)


def _placed(columns: Sequence[NDArray[Any]], places: Places) -> NDArray[Any]:
    if places is None:
        return np.ascontiguousarray(columns[0])
    rows = _joined(list(places))
    placed = np.empty(len(rows), dtype=columns[0].dtype)
    placed[rows] = _joined(columns)
    return placed
