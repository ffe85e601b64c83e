"""Candles as they come: what is wrong with them, and what is made of them where that is allowed."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from trading_mcp.domain.candles import INTERVALS, Candles
from trading_mcp.domain.flaws import flaws, repeated, unsorted
from trading_mcp.domain.times import iso

GapFilling = Literal["skip", "flat"]
"""What stands in a gap: nothing, or candles at the last close without height and volume."""
_SHOWN = 3
_ANY = 1
_LEFT_OUT = "left out"
_GAPS = {"skip": "nothing was put there", "flat": "filled with candles at the last close"}
_UNITS = {"seconds": 1_000, "microseconds": 1e-3, "nanoseconds": 1e-6}
"""What timestamps may have been written in, in ms."""


class Flawed(msgspec.Struct, frozen=True, kw_only=True):
    """*count* candles of one flaw, such as "has a price that is not above 0"; *times* of the first.

    A gap is told by the candles that are missing in it. *repair* is what is done about it where
    that is allowed; "": that depends on what is to stand in gaps.
    """

    what: str
    count: int
    times: tuple[str, ...]
    repair: str = _LEFT_OUT

    def __str__(self) -> str:
        more = ", ..." if self.count > len(self.times) else ""
        return f"{self.count:,} x {self.what} ({', '.join(self.times)}{more})"


def interval_of(times: NDArray[np.int64]) -> str:
    """Return the interval of candles that open at *times*: the step that is there most often.

    Raises:
        ValueError: there is none that is known.
    """
    steps = np.diff(np.unique(times))
    if not len(steps):
        raise ValueError("fewer than two candles do not tell their interval")
    found, counts = np.unique(steps, return_counts=True)
    step = int(found[counts.argmax()])
    names = [name for name, length in INTERVALS.items() if length == step]
    if not names:
        raise ValueError(
            f"most candles are {step} ms apart{_other_unit(step)}: expected {', '.join(INTERVALS)}"
        )
    return names[0]


def _other_unit(step: int) -> str:
    """Say which unit timestamps *step* apart look like; "": none that is known."""
    for unit, length in _UNITS.items():
        if step * length in INTERVALS.values():
            return f"; these timestamps look like {unit}, not milliseconds"
    return ""


def flaws_of(candles: Candles, step: int) -> list[Flawed]:
    """Return all that is wrong with *candles* of *step* ms; nothing: they can be run over."""
    rows = [
        *((flaw, _LEFT_OUT) for flaw in flaws(candles, _ANY)),
        (repeated(candles.time), "the last of each time was taken"),
        (unsorted(candles.time), "put in order"),
    ]
    found = [_told(f.what, candles.time[f.rows], repair) for f, repair in rows if len(f.rows)]
    return [*found, *_out_of_step(candles.time, step), *_gaps(np.unique(candles.time), step)]


def repaired(candles: Candles, step: int, gaps: GapFilling) -> Candles:
    """Return *candles* in order, each time once, without those that cannot be.

    Of several of one time the last one counts. What is left out leaves a gap.
    """
    bad = {int(row) for flaw in flaws(candles, _ANY) for row in flaw.rows}
    off = np.flatnonzero((candles.time - _anchor(candles.time, step)) % step)
    kept = np.setdiff1d(np.arange(len(candles)), np.array([*bad, *off], dtype=np.int64))
    # From the end, so that unique's first is the last.
    _, last = np.unique(candles.time[kept][::-1], return_index=True)
    rows = kept[::-1][last]
    sound = Candles(*(getattr(candles, name)[rows] for name in _ORDER))
    return _flattened(sound, step) if gaps == "flat" and len(sound) else sound


def mended(found: Sequence[Flawed], gaps: GapFilling) -> tuple[Flawed, ...]:
    """Return what was wrong with candles that were repaired, each with what was done about it."""
    return tuple(msgspec.structs.replace(flaw, repair=flaw.repair or _GAPS[gaps]) for flaw in found)


_ORDER = ("time", "open", "high", "low", "close", "volume")


def _flattened(candles: Candles, step: int) -> Candles:
    times = np.arange(candles.time[0], candles.time[-1] + step, step)
    place = np.searchsorted(candles.time, times, side="right") - 1
    there = candles.time[place] == times
    close = candles.close[place]
    columns = [np.where(there, getattr(candles, n)[place], close) for n in _ORDER[1:5]]
    columns.append(np.where(there, candles.volume[place], 0.0))
    return Candles(times, *columns)


def _anchor(times: NDArray[np.int64], step: int) -> int:
    offsets, counts = np.unique(times % step, return_counts=True)
    return int(offsets[counts.argmax()])


def _out_of_step(times: NDArray[np.int64], step: int) -> Iterator[Flawed]:
    off = times[(times - _anchor(times, step)) % step != 0]
    if len(off):
        yield _told("does not open a whole number of intervals after the others", off)


def _gaps(times: NDArray[np.int64], step: int) -> Iterator[Flawed]:
    before = np.flatnonzero(np.diff(times) > step)
    if len(before):
        missing = int(((times[before + 1] - times[before]) // step - 1).sum())
        shown = tuple(iso(int(at)) for at in (times[before[:_SHOWN]] + step))
        gaps = "1 gap" if len(before) == 1 else f"{len(before):,} gaps"
        yield Flawed(what=f"missing, in {gaps}", count=missing, times=shown, repair="")


def _told(what: str, times: NDArray[np.int64], repair: str = _LEFT_OUT) -> Flawed:
    shown = tuple(iso(int(at)) for at in times[:_SHOWN])
    return Flawed(what=what, count=len(times), times=shown, repair=repair)
