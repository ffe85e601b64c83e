"""A search as points on a map, where the plateau around its best is looked for."""

from trading_mcp.backtest.honesty.plateaus import Point
from trading_mcp.backtest.search.objectives import Objective
from trading_mcp.backtest.search.searches import Searched


def points_of(found: Searched, objective: Objective) -> tuple[Point, ...]:
    """Return all that was tried, scored by the first *objective* so that more is better."""
    return tuple(
        Point(
            params=ranked.tried.parameters,
            score=None if ranked.scores[0] is None else objective.merit(ranked.scores[0]),
        )
        for ranked in found.all
    )
