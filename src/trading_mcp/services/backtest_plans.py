"""What is to be run, from what was asked for."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from trading_mcp.backtest.terms import Costs, Limits, Terms
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.limits import RiskParameters
from trading_mcp.domain.markets import Market
from trading_mcp.engine.ids import identifier
from trading_mcp.engine.session import Session
from trading_mcp.services.backtesting import Plan
from trading_mcp.services.lookup import market_named, must_be_interval
from trading_mcp.services.operations import Caller
from trading_mcp.services.pasts import Pasts
from trading_mcp.services.shapes.backtests import RunBacktest

_UNWEIGHED = ("wait_seconds", "limit", "cursor")


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
            terms=self._terms(request, market),
        )

    def _terms(self, request: RunBacktest, market: Market) -> Terms:
        state = self._session.state
        fee = None if request.fee_percent is None else request.fee_percent / 100
        return Terms(
            capital=request.initial_capital,
            costs=Costs(taker_fee=fee, maker_fee=fee, slippage=request.slippage_percent / 100),
            size_percent=request.size_percent,
            limits=Limits(
                parameters=_limits(state.parameters, request.risk or {}),
                mode=state.mode,
                weight=state.strategies[request.strategy].weight,
            ),
            leverage=self._session.settings.leverage if market.type == "perpetual" else 1,
        )

    def key(self, request: RunBacktest, caller: Caller) -> str:
        """Return what tells apart who asks for what, and under which limits."""
        asked = {n: v for n, v in msgspec.to_builtins(request).items() if n not in _UNWEIGHED}
        state = self._session.state
        set_as = state.strategies.get(request.strategy)
        told = [caller.principal, asked, state.parameters, state.mode, set_as]
        return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


def _limits(present: RiskParameters, changes: Mapping[str, Any]) -> RiskParameters:
    try:
        return msgspec.convert({**msgspec.to_builtins(present), **changes}, RiskParameters)
    except (msgspec.ValidationError, ValueError) as error:
        raise InvalidParameter(
            f"risk: {error}",
            hint="The fields are those of GET /api/v1/scalping/risk/limits.",
            field="risk",
        ) from None
