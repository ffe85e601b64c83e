"""The best of a search, as something to run."""

import msgspec

from trading_mcp.backtest.honesty.walking import Choice
from trading_mcp.backtest.runs import exits_of
from trading_mcp.backtest.search.points import points_of
from trading_mcp.backtest.search.searches import Search, Searched
from trading_mcp.backtest.terms import Terms
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.strategy.base import Params


class NothingFound(InvalidParameter):
    """A search of a walk-forward in which no combination has a score."""


def params_of_best(wanted: Search, found: Searched) -> Params | None:
    """Return the best parameters; None: no combination has a score."""
    best = found.best_one
    return None if best is None else wanted.space.params(best.tried.parameters)


def terms_with(wanted: Search, params: Params) -> Terms:
    """Return what a run with *params* is held to: the search's terms, and their own exits."""
    return msgspec.structs.replace(wanted.terms, exits=exits_of(params, wanted.max_candles))


def choice_of(wanted: Search, found: Searched) -> Choice:
    """Return the best for a walk-forward. Raises NothingFound."""
    params, best = params_of_best(wanted, found), found.best_one
    if params is None or best is None or best.tried.metrics is None:
        raise NothingFound(
            "a search of the walk-forward found nothing with a score",
            hint="Ask for fewer tests, or for more time.",
            field="walk_forward",
        )
    points = points_of(found, wanted.objectives[0])
    return Choice(params=params, metrics=best.tried.metrics, points=points)
