"""Stretches of time, and what lies in some of them but not in others."""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray


class Span(msgspec.Struct, frozen=True, order=True):
    """The time from *start* up to, and without, *end* (UTC ms)."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How long it is, in milliseconds."""
        return self.end - self.start


class Hole(msgspec.Struct, frozen=True):
    """A stretch without a stored candle.

    *answered*: the exchange was asked, and told of candles around it but of none in it, so nobody
    traded then. Otherwise it is not known what was there.
    """

    span: Span
    answered: bool


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return *spans* in order, those that overlap or touch as one, empty ones left out."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        elif span.start < span.end:
            joined.append(span)
    return joined


def without(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """Return what of *spans* is not in *taken*. Both are in order and do not overlap."""
    left: list[Span] = []
    first = 0
    for span in spans:
        while first < len(taken) and taken[first].end <= span.start:
            first += 1
        start, at = span.start, first
        while at < len(taken) and taken[at].start < span.end:
            left.append(Span(start, taken[at].start))
            start, at = taken[at].end, at + 1
        left.append(Span(start, span.end))
    return [span for span in left if span.start < span.end]


def common(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Return what is in both. Both are in order and do not overlap."""
    return without(spans, without(spans, others))


def inside(times: NDArray[np.int64], spans: Sequence[Span]) -> NDArray[np.bool_]:
    """Say of each of *times* whether one of *spans*, in order and without overlaps, holds it."""
    starts = np.array([span.start for span in spans], dtype=np.int64)
    ends = np.array([-1, *(span.end for span in spans)], dtype=np.int64)
    return times < ends[np.searchsorted(starts, times, side="right")]


def holes_between(times: NDArray[np.int64], within: Span, step: int) -> list[Span]:
    """Return where in *within* the sorted *times* are more than *step* (ms) apart."""
    edges = np.concatenate(([within.start - step], times, [within.end]))
    before = np.flatnonzero(np.diff(edges) > step)
    starts, ends = (edges[before] + step).tolist(), edges[before + 1].tolist()
    return [Span(start, end) for start, end in zip(starts, ends, strict=True)]


def told_apart(holes: Sequence[Span], answered: Sequence[Span]) -> list[Hole]:
    """Return *holes*, cut where the exchange's answers begin and end."""
    untraded = [Hole(span, True) for span in common(holes, answered)]
    unknown = [Hole(span, False) for span in without(holes, answered)]
    return sorted(untraded + unknown, key=lambda hole: hole.span)
