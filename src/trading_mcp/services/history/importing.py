"""Takes candles from a file into the store: all of them, or none and the reason."""

from collections.abc import Iterator
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from trading_mcp.domain.candles import Candles, interval_ms
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.flaws import Flaw, flaws, repeated
from trading_mcp.domain.spans import Span, holes_between
from trading_mcp.domain.times import iso
from trading_mcp.ports import CandleArchive
from trading_mcp.services.history.columns import joined

Gaps = Literal["skip", "flat"]
"""What becomes of gaps: they stay, or get candles at the last close and without volume."""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an import.

    *candles* were given, of which *known* were stored already, just so, and *replaced* took the
    place of others; *filled* were made for gaps. *span* is from the first to the last;
    *gaps* are those that stay.
    """

    candles: int
    known: int
    replaced: int
    filled: int
    span: Span
    gaps: tuple[Span, ...]


def impossible(candles: Candles, interval: str, now: int) -> list[tuple[int, str]]:
    """Return each row that can't be, with what is wrong with it, in the order of the rows."""
    step = interval_ms(interval)
    still_open = Flaw("has not closed yet", np.flatnonzero(candles.time + step > now))
    found = [*flaws(candles, step), repeated(candles.time), still_open]
    first: dict[int, str] = {}
    for flaw in found:
        for row in flaw.rows.tolist():
            first.setdefault(row, flaw.what)
    return sorted(first.items())


async def take_in(
    archive: CandleArchive,
    series: tuple[str, str, str],
    candles: Candles,
    *,
    replace: bool,
    gaps: Gaps,
) -> Imported:
    """Store *candles*, which are possible and may stand in any order.

    Raises:
        InvalidParameter: other candles are stored at these times, and they are not to be replaced.
        StorageUnavailable: the store cannot be read or written.
    """
    step = interval_ms(series[2])
    given = candles[np.argsort(candles.time)]
    span = Span(int(given.time[0]), int(given.time[-1]) + step)
    stored = await archive.read(*series, start=span.start, end=span.end)
    same, other = _met(given, stored)
    if len(other) and not replace:
        raise InvalidParameter(
            f"{len(other)} stored candles of {' '.join(series)} differ from the file's, the first "
            f"at {iso(int(other[0]))}; nothing was imported. --replace puts the file's in their "
            "place"
        )
    holes = holes_between(given.time, span, step)
    flat = _filled(given, holes, stored.time, step) if gaps == "flat" else Candles.of(())
    await archive.keep(*series, joined([given, flat]))
    return Imported(
        candles=len(given),
        known=same,
        replaced=len(other),
        filled=len(flat),
        span=span,
        gaps=() if gaps == "flat" else tuple(holes),
    )


def _met(given: Candles, stored: Candles) -> tuple[int, NDArray[np.int64]]:
    """Return how many are stored just so, and the times of those that are stored differently."""
    times, ours, theirs = np.intersect1d(
        given.time, stored.time, assume_unique=True, return_indices=True
    )
    equal = np.ones(len(times), dtype=bool)
    for name in ("open", "high", "low", "close", "volume"):
        equal &= getattr(given, name)[ours] == getattr(stored, name)[theirs]
    return int(equal.sum()), times[~equal]


def _filled(given: Candles, holes: list[Span], stored: NDArray[np.int64], step: int) -> Candles:
    times = np.concatenate([np.empty(0, np.int64), *_times_in(holes, step)])
    times = times[~np.isin(times, stored)]  # what is stored there was traded
    close = given.close[np.searchsorted(given.time, times) - 1]
    return Candles(times, close, close, close, close, np.zeros(len(times)))


def _times_in(holes: list[Span], step: int) -> Iterator[NDArray[np.int64]]:
    for hole in holes:
        yield np.arange(hole.start, hole.end, step, dtype=np.int64)
