"""The plateau: whether the best parameters stand on high ground or on a lone peak."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from trading_mcp.domain.candles import Column

Settings = Mapping[str, Any]

_STEPS = 12
"""A parameter with more different values than this is no grid: its range is cut into tenths."""
_TENTHS = 10


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters that were tried, and what they scored; None: no score, such as without trades."""

    params: dict[str, Any]
    score: float | None


class ParameterMap(msgspec.Struct, frozen=True, kw_only=True):
    """The mean score over two parameters; *scores* has a row for each of *ys*; None: not tried."""

    x: str
    y: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    scores: tuple[tuple[float | None, ...], ...]
    best: tuple[float, float]


class Plateau(msgspec.Struct, frozen=True, kw_only=True):
    """What is around the best parameters.

    *neighbours* are no more than one step away in any parameter. *flatness* is their mean score
    over the best one: 1 is flat, and below 0 they lose; None without neighbours or profit.
    *at_edge* names the parameters whose best value is the lowest or highest that was tried.
    """

    best: Point
    tried: int
    neighbours: tuple[Point, ...]
    neighbour_mean: float | None
    neighbour_worst: float | None
    flatness: float | None
    at_edge: tuple[str, ...]
    map: ParameterMap | None


def plateau(points: Sequence[Point]) -> Plateau | None:
    """Look around the best of *points* (a higher score is better); None: none has a score.

    Parameters that are no numbers, or are always the same, are not looked at. Neighbours must have
    the best one's values in those that are no numbers. Without a score counts as 0 in the means.
    """
    scored = [point for point in points if _known(point.score)]
    if not scored:
        return None
    best = max(scored, key=lambda point: point.score or 0.0)
    names = _varied(points)
    near = _around(best, points, names)
    scores = [point.score or 0.0 for point in near]
    mean, top = math.fsum(scores) / len(scores) if scores else None, best.score or 0.0
    return Plateau(
        best=best,
        tried=len(points),
        neighbours=near,
        neighbour_mean=mean,
        neighbour_worst=min(scores, default=None),
        flatness=mean / top if mean is not None and top > 0 else None,
        at_edge=tuple(name for name in names if _is_extreme(name, best, points)),
        map=_map(best, points, names),
    )


def _known(score: float | None) -> bool:
    return score is not None and math.isfinite(score)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _varied(points: Sequence[Point]) -> list[str]:
    names = [n for n in points[0].params if all(_is_number(p.params.get(n)) for p in points)]
    return [name for name in names if len({p.params[name] for p in points}) > 1]


def _around(best: Point, points: Sequence[Point], names: Sequence[str]) -> tuple[Point, ...]:
    others = [p for p in points if p.params != best.params and _alike(p, best, names)]
    apart = np.zeros(len(others))
    for name in names:
        place = _places(name, points)
        there = np.array([place(point.params[name]) for point in others])
        apart = np.maximum(apart, np.abs(there - place(best.params[name])))
    return tuple(p for p, far in zip(others, apart, strict=True) if far <= 1.0 + 1e-9)


def _alike(point: Point, best: Point, names: Sequence[str]) -> bool:
    others = best.params.keys() - set(names)
    return all(point.params.get(name) == best.params[name] for name in others)


def _places(name: str, points: Sequence[Point]) -> Any:
    values = sorted({point.params[name] for point in points})
    if len(values) <= _STEPS:
        return {value: float(step) for step, value in enumerate(values)}.__getitem__
    low, width = values[0], values[-1] - values[0]
    return lambda value: _TENTHS * (value - low) / width


def _is_extreme(name: str, best: Point, points: Sequence[Point]) -> bool:
    values = {point.params[name] for point in points}
    return len(values) > 2 and best.params[name] in (min(values), max(values))


def _map(best: Point, points: Sequence[Point], names: Sequence[str]) -> ParameterMap | None:
    if len(names) < 2:
        return None
    x, y = sorted(sorted(names, key=lambda name: -_matters(name, points))[:2], key=names.index)
    xs, columns = _cells(x, points)
    ys, rows = _cells(y, points)
    total, count = np.zeros((2, len(ys), len(xs)))
    for point, column, row in zip(points, columns, rows, strict=True):
        if _known(point.score):
            total[row, column] += point.score or 0.0
            count[row, column] += 1
    mean = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    return ParameterMap(
        x=x,
        y=y,
        xs=tuple(xs),
        ys=tuple(ys),
        scores=tuple(tuple(None if math.isnan(v) else v for v in line) for line in mean.tolist()),
        best=(float(best.params[x]), float(best.params[y])),
    )


def _matters(name: str, points: Sequence[Point]) -> float:
    """Return how far the mean score moves with the parameter."""
    values, cells = _cells(name, points)
    means = [
        float(np.mean(found))
        for cell in range(len(values))
        if (found := _scores_in(points, cells, cell))
    ]
    return max(means) - min(means) if means else 0.0


def _scores_in(points: Sequence[Point], cells: Sequence[int], cell: int) -> list[float]:
    both = zip(points, cells, strict=True)
    return [p.score for p, found in both if found == cell and p.score is not None]


def _cells(name: str, points: Sequence[Point]) -> tuple[list[float], list[int]]:
    found: Column = np.array([float(point.params[name]) for point in points])
    values = np.unique(found)
    if len(values) > _STEPS:
        width = (values[-1] - values[0]) / _TENTHS
        cells = np.minimum((found - values[0]) // width, _TENTHS - 1).astype(int)
        return [float(values[0] + width * (i + 0.5)) for i in range(_TENTHS)], cells.tolist()
    return values.tolist(), np.searchsorted(values, found).tolist()
