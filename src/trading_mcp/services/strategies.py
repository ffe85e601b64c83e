"""Strategies: listed, started, stopped, configured, measured."""

from typing import Any

import msgspec

from trading_mcp.domain import entries as e
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.engine.session import Session
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.common import Done, Nothing
from trading_mcp.services.shapes.strategies import (
    Strategies,
    StrategyConfig,
    StrategyName,
    StrategyPerformance,
    StrategySwitch,
    StrategyView,
)
from trading_mcp.services.views import performance_view
from trading_mcp.strategy.loader import Catalogue

_WHY = "the reference names no tool: agents choose strategies in start_bot"


class StrategyService:
    """What may be asked about strategies."""

    def __init__(self, session: Session, catalogue: Catalogue):
        self._session, self._catalogue = session, catalogue

    @operation("strategies", rest_only=_WHY)
    async def list_strategies(self, request: Nothing, caller: Caller) -> Strategies:
        """List the enabled strategies, and the plugins that could not be loaded."""
        views = [self._view(name) for name in sorted(self._session.roster.classes)]
        return Strategies(strategies=views, count=len(views), broken=dict(self._catalogue.broken))

    @operation("strategies", rest_only=_WHY)
    async def get_strategy(self, request: StrategyName, caller: Caller) -> StrategyView:
        """Return one strategy."""
        self._session.roster.settings(request.name)
        return self._view(request.name)

    @operation("strategies", rest_only=_WHY)
    async def get_strategy_performance(
        self, request: StrategyName, caller: Caller
    ) -> StrategyPerformance:
        """Return one strategy's record."""
        self._session.roster.settings(request.name)
        return self._view(request.name).performance

    @operation("strategies", "control", idempotent=True, rest_only=_WHY)
    async def start_strategy(self, request: StrategySwitch, caller: Caller) -> Done:
        """Let a strategy trade."""
        await self._change(request.name, caller, "started", active=True)
        self._session.prove()
        await self._session.widen_windows()
        return Done(message="Strategy started successfully")

    @operation("strategies", "control", idempotent=True, rest_only=_WHY)
    async def stop_strategy(self, request: StrategySwitch, caller: Caller) -> Done:
        """Let a strategy open nothing any more; its positions are still watched."""
        await self._change(request.name, caller, "stopped", active=False)
        return Done(message="Strategy stopped successfully")

    @operation("strategies", "control", idempotent=True, rest_only=_WHY)
    async def configure_strategy(self, request: StrategyConfig, caller: Caller) -> StrategyView:
        """Change a strategy's parameters; they hold from its next candle on."""
        roster = self._session.roster
        roster.settings(request.name)
        changes = dict(request.config)
        weight = changes.pop("weight", None)
        params = roster.params(request.name, changes)
        kept: dict[str, Any] = {"params": msgspec.to_builtins(params)}
        if weight is not None:
            kept["weight"] = _weight(weight)
        await self._change(request.name, caller, "configured", **kept)
        await self._session.widen_windows()
        return self._view(request.name)

    async def _change(self, name: str, caller: Caller, why: str, **changes: Any) -> None:
        settings = self._session.roster.settings(name)
        await self._session.record(
            e.StrategyChanged(
                at=self._session.clock.now(),
                name=name,
                active=changes.get("active", settings.active),
                weight=changes.get("weight", settings.weight),
                params=changes.get("params", settings.params),
                why=why if settings.active or changes.get("active") else settings.fault or why,
                principal=caller.principal,
            )
        )

    def _view(self, name: str) -> StrategyView:
        state = self._session.state
        settings = state.strategies[name]
        info = self._catalogue.strategies[name]
        return StrategyView(
            name=name,
            active=settings.active,
            weight=settings.weight,
            performance=performance_view(state.tally(name), state.parameters.risk_free_rate),
            config=settings.params,
            plugin=info.plugin,
            version=info.version,
            fault="" if settings.fault == "stopped" else settings.fault,
        )


def _weight(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InvalidParameter(
            f"weight: expected a number from 0 to 1, got {value!r}", field="weight"
        )
    return float(value)
