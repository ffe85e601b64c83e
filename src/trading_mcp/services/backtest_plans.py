"""What is to be run, from what was asked for."""

from collections.abc import Mapping

from trading_mcp.engine.ids import identifier
from trading_mcp.engine.session import Session
from trading_mcp.services.backtesting import Plan
from trading_mcp.services.lookup import market_named, must_be_interval
from trading_mcp.services.pasts import Pasts
from trading_mcp.services.run_terms import terms_of
from trading_mcp.services.shapes.backtests import RunBacktest


class Planner:
    """Makes plans: by the account as it is now, where a request does not say otherwise."""

    def __init__(self, session: Session, pasts: Pasts, plugins: Mapping[str, str]):
        self._session, self._pasts, self._plugins = session, pasts, plugins
        self._count = 0

    def plan(self, request: RunBacktest) -> Plan:
        """Return the plan. Raises InvalidParameter, StrategyNotFound."""
        interval = request.interval or self._session.settings.interval
        must_be_interval(interval)
        market = market_named(self._session, request.exchange, request.symbol, field="symbol")
        name, roster = request.strategy, self._session.roster
        roster.settings(name)
        strategy = roster.classes[name](roster.params(name, request.config or {}))
        at, self._count = self._session.clock.wall(), self._count + 1
        return Plan(
            id=identifier("bt", at, self._count),
            at=at,
            market=market,
            source=self._session.exchanges[market.exchange].source,
            interval=interval,
            span=self._pasts.span(interval, request.start_date, request.end_date),
            strategy=strategy,
            plugin=self._plugins.get(name, ""),
            terms=terms_of(self._session, request, market),
        )
