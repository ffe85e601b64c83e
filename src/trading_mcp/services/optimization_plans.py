"""What is to be searched, from what was asked for."""

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.spans import Span
from trading_mcp.domain.times import DAY_MS, iso
from trading_mcp.engine.ids import identifier
from trading_mcp.engine.session import Session
from trading_mcp.services.lookup import market_named, must_be_interval
from trading_mcp.services.optimizing import SearchPlan
from trading_mcp.services.pasts import Pasts
from trading_mcp.services.run_terms import terms_of
from trading_mcp.services.shapes.optimization import OptimizeParameters

if TYPE_CHECKING:
    from trading_mcp.backtest.search.searches import Method
    from trading_mcp.backtest.search.spaces import Space

DAYS = 30
"""Of candles, where no start is asked for."""
MOST_OBJECTIVES = 3
_CORNERS = 4096
_METHODS: "Mapping[str, Method]" = {
    "grid_search": "grid",
    "random_search": "random",
    "tpe": "tpe",
    "nsga2": "nsga2",
}


class SearchPlanner:
    """Makes plans: by the account as it is now, where a request does not say otherwise."""

    def __init__(self, session: Session, pasts: Pasts, plugins: Mapping[str, str]):
        self._session, self._pasts, self._plugins = session, pasts, plugins
        self._count = 0

    def plan(self, request: OptimizeParameters) -> SearchPlan:
        """Return the plan. Raises InvalidParameter, StrategyNotFound."""
        from trading_mcp.backtest.search.objectives import objectives_of

        if request.anchored and request.walk_forward is None:
            raise InvalidParameter("anchored: it needs walk_forward", field="anchored")
        interval = request.interval or self._session.settings.interval
        must_be_interval(interval)
        market = market_named(self._session, request.exchange, request.symbol, field="symbol")
        method, space = _METHODS[request.optimization_method], self._space(request)
        at, self._count = self._session.clock.wall(), self._count + 1
        return SearchPlan(
            id=identifier("opt", at, self._count),
            at=at,
            market=market,
            source=self._session.exchanges[market.exchange].source,
            interval=interval,
            span=self._span(interval, request),
            space=space,
            method=method,
            objectives=objectives_of(
                [text.strip() for text in request.objective.split(",")],
                most=MOST_OBJECTIVES if method == "nsga2" else 1,
            ),
            trials=request.trials,
            seed=request.seed,
            plugin=self._plugins.get(request.strategy, ""),
            terms=terms_of(self._session, request, market),
            warmup=longest_warmup(space),
            asked=request.parameters,
            walk_forward=request.walk_forward,
            anchored=request.anchored,
        )

    def _space(self, request: OptimizeParameters) -> "Space":
        """Return the space; parameters that are not searched stay as they are configured."""
        from trading_mcp.backtest.search.drawing import check_grid
        from trading_mcp.backtest.search.spaces import space_of

        name, roster = request.strategy, self._session.roster
        present = {**roster.settings(name).params, **request.config}
        stay = {n: v for n, v in present.items() if n not in request.parameters}
        both = {n: v for n, v in request.config.items() if n in request.parameters}
        space = space_of(roster.classes[name], request.parameters, {**stay, **both})
        if request.optimization_method == "grid_search":
            check_grid(space)
        return space

    def _span(self, interval: str, request: OptimizeParameters) -> Span:
        end = iso(self._session.clock.now()) if request.end_date is None else request.end_date
        begin = max(self._pasts.end(interval, end) - DAYS * DAY_MS, 0)
        return self._pasts.span(interval, request.start_date or iso(begin), end)


def longest_warmup(space: "Space") -> int:
    """Return how many candles the combinations at the ends of all parameters need at most."""
    ends = [axis.ends for axis in space.axes.values()]
    corners: list[dict[str, Any]] = [
        space.fixed | dict(zip(space.axes, values, strict=True))
        for values in itertools.islice(itertools.product(*ends), _CORNERS)
    ]
    known = [params for params in map(space.params, corners) if params is not None]
    return max((space.strategy(params).warmup for params in known), default=0)
