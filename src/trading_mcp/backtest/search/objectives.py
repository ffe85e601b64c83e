"""What is searched for: figures of a run, each to be as high or as low as can be."""

from collections.abc import Sequence
from typing import Any, get_type_hints

import msgspec

from trading_mcp.backtest.metrics import Metrics
from trading_mcp.domain.errors import InvalidParameter

Scores = tuple[float | None, ...]
"""One for each objective; None: the run has no such figure."""

_ALIKE = ("initial_capital", "buy_and_hold_return_pct")
"""Figures that are the same whatever the parameters are."""
_NEGATIVE = ("max_drawdown", "max_drawdown_pct", "avg_loss", "worst_trade")
"""Figures of losses, below 0: the higher, the better."""


class Objective(msgspec.Struct, frozen=True):
    """A figure of `Metrics`, and whether less of it is better."""

    metric: str
    is_cost: bool = False

    def score(self, metrics: Metrics) -> float | None:
        """Return the figure as it is; None: the run has none."""
        found = getattr(metrics, self.metric)
        return None if found is None else float(found)

    def merit(self, score: float | None) -> float:
        """Return what can be compared: more is better, and no figure is worst."""
        if score is None:
            return -float("inf")
        return -score if self.is_cost else score


def objective_of(text: str) -> Objective:
    """Read an objective such as sharpe_ratio, or fees:min. Raises InvalidParameter."""
    metric, _, way = text.partition(":")
    if metric not in metrics_known() or way not in ("", "max", "min"):
        raise InvalidParameter(
            f"{text[:60]!r} is no objective: expected one of {', '.join(metrics_known())}, with "
            ":min where less is better",
            field="objective",
        )
    if way == "min" and metric in _NEGATIVE:
        raise InvalidParameter(
            f"{text}: losses are below 0, so the lowest {metric} is the worst; expected {metric}",
            field="objective",
        )
    return Objective(metric, way == "min")


def objectives_of(texts: Sequence[str], *, most: int) -> tuple[Objective, ...]:
    """Read one to *most* objectives, no metric twice. Raises InvalidParameter."""
    found = tuple(map(objective_of, texts))
    if not 0 < len(found) <= most:
        word = "one objective" if most == 1 else f"1 to {most} objectives"
        raise InvalidParameter(
            f"this method takes {word}, got {len(found)}; nsga2 takes several", field="objective"
        )
    if len({objective.metric for objective in found}) < len(found):
        raise InvalidParameter("a metric is an objective twice", field="objective")
    return found


def metrics_known() -> list[str]:
    """Return every figure that may be an objective."""
    hints: dict[str, Any] = get_type_hints(Metrics)
    figures = [n for n in Metrics.__struct_fields__ if hints[n] in (int, float, float | None)]
    return [name for name in figures if name not in _ALIKE]


def front(merits: Sequence[tuple[float, ...]]) -> list[int]:
    """Return the places of those that none beats in one without being beaten in another."""
    if merits and len(merits[0]) == 1:
        best = max(merits)
        return [place for place, merit in enumerate(merits) if merit == best]
    return [
        place
        for place, merit in enumerate(merits)
        if not any(_beats(other, merit) for other in merits)
    ]


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))
