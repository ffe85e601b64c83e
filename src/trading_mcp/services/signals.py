"""What the strategies wish for in markets now."""

import asyncio
from collections.abc import Mapping, Sequence

from trading_mcp.domain.errors import StrategyNotFound
from trading_mcp.domain.markets import Market
from trading_mcp.domain.signals import Signal
from trading_mcp.engine.evaluator import Fault
from trading_mcp.engine.session import Session
from trading_mcp.engine.trading import plan_of
from trading_mcp.indicators.consensus import consensus
from trading_mcp.services.charts import closed_at, no_candles, sound_candles
from trading_mcp.services.lookup import market_named, market_of, provenance
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.opinions import (
    Opinion,
    action_of,
    candles_needed,
    exits_of,
    level_at,
    opinions,
    too_few,
    unheard,
)
from trading_mcp.services.shapes.signals import (
    GeneratedSignal,
    GeneratedSignals,
    GenerateRequest,
    SignalsAnswer,
    SignalsRequest,
    SignalView,
)
from trading_mcp.services.views import iso
from trading_mcp.strategy.base import Strategy

_NO_ROUTE = "the reference names no route for it"


class SignalService:
    """What may be asked of the strategies. *plugins* says which plugin each strategy is from."""

    def __init__(self, session: Session, plugins: Mapping[str, str]):
        self._session, self._plugins = session, plugins

    @operation("scalping", mcp_only=_NO_ROUTE)
    async def get_signals(self, request: SignalsRequest, caller: Caller) -> SignalsAnswer:
        """Return what each active strategy wishes for at the last closed candle of each traded
        pair (or the pairs named). A wish is no order: the engine acts on it within the risk
        limits. For chosen strategies or another interval use generate_signals."""
        session = self._session
        exchange = session.exchange(request.exchange)
        markets = self._wanted(exchange.name, request.pairs)
        interval, wanted = session.settings.interval, session.decider.window_size
        read = await asyncio.gather(
            *(sound_candles(session, market, interval, wanted) for market in markets)
        )
        strategies = session.roster.active()
        views = [(market.key, candles) for market, candles in zip(markets, read, strict=True)]
        answers = await session.decider.wishes_on(strategies, views)
        faults = unheard(session)
        faults |= {
            strategy.name: too_few(strategy, market, len(candles))
            for strategy in strategies
            for market, candles in zip(markets, read, strict=True)
            if len(candles) < max(strategy.warmup, 1)
        }
        faults |= {name: a.reason for name, a in answers.items() if isinstance(a, Fault)}
        given = [s for a in answers.values() if not isinstance(a, Fault) for s in a]
        return SignalsAnswer(
            exchange=exchange.name,
            interval=interval,
            signals=[_signal_view(s) for s in sorted(given, key=lambda s: (s.market, s.strategy))],
            faults=faults,
            timestamp=iso(session.clock.now()),
        )

    @operation("analysis", mcp_only=_NO_ROUTE)
    async def generate_signals(self, request: GenerateRequest, caller: Caller) -> GeneratedSignals:
        """Ask strategies, named (rsi, macd_scalping) or all active ones, what they wish for on
        one market now, with the stop and target they would set, and on which side they agree.
        Sends no order: check_risk_limits, then execute_trade."""
        session, market = self._session, market_of(self._session, request)
        strategies = self._asked(request.strategies)
        needed = candles_needed(strategies, request.look_back)
        candles = await sound_candles(session, market, request.interval, needed)
        if not len(candles):
            raise no_candles(market, request.interval)
        found = await opinions(session, strategies, market, candles, request.look_back)
        agreed = consensus(vote for opinion in found.given for vote in opinion.votes())
        price = float(candles.close[-1])
        return GeneratedSignals(
            **provenance(session, market, closed_at(candles, request.interval)),
            interval=request.interval,
            price=price,
            signals=[self._generated(market, opinion, price) for opinion in found.given],
            direction=agreed.direction,
            strength=agreed.strength,
            confidence=agreed.confidence,
            faults=found.faults | (unheard(session) if request.strategies is None else {}),
        )

    def _asked(self, names: Sequence[str] | None) -> list[Strategy]:
        """Return the strategies that a request means, each once. Raises StrategyNotFound."""
        roster = self._session.roster
        if names is None:
            return roster.active()
        meant = {strategy for name in names for strategy in self._called(name)}
        return [roster.instance(name) for name in sorted(meant)]

    def _called(self, name: str) -> list[str]:
        """Return the strategies of that name, else those of the plugin of that name."""
        if name in self._plugins:
            return [name]
        if found := [one for one, plugin in self._plugins.items() if plugin == name]:
            return found
        known = sorted({*self._plugins, *self._plugins.values()})
        raise StrategyNotFound(
            f"No enabled strategy or plugin is called {name[:64]!r}; enabled: "
            f"{', '.join(known) or 'none'}",
            name=name[:64],
            known=known,
        )

    def _generated(self, market: Market, opinion: Opinion, price: float) -> GeneratedSignal:
        settings = self._session.roster.settings(opinion.strategy)
        stop: float | None = None
        target: float | None = None
        if opinion.recent is not None and opinion.side != "neutral":
            plan = exits_of(self._session, market, plan_of(settings.params), opinion.recent)
            sign = -1 if opinion.side == "short" else 1
            stop = level_at(market, sign, price, -plan.stop_loss_pct)
            # A strategy may do without a target.
            wanted = plan.take_profit_pct
            target = level_at(market, sign, price, wanted) if wanted else None
        return GeneratedSignal(
            strategy=opinion.strategy,
            active=settings.active,
            action=action_of(opinion.now) or "hold",
            strength=opinion.now.strength,
            recent_action=action_of(opinion.recent),
            recent_strength=opinion.recent.strength if opinion.recent else 0.0,
            candles_ago=opinion.candles_ago,
            stop_loss=stop,
            take_profit=target,
        )

    def _wanted(self, exchange: str, pairs: list[str] | None) -> list[Market]:
        if pairs is None:
            keys = [k for k in self._session.state.pairs if k.startswith(f"{exchange}:")]
            return [self._session.core.markets[key] for key in keys]
        named = [market_named(self._session, exchange, pair) for pair in pairs]
        return list({market.key: market for market in named}.values())


def _signal_view(signal: Signal) -> SignalView:
    return SignalView(
        pair=signal.market.partition(":")[2],
        strategy=signal.strategy,
        action=action_of(signal) or "hold",
        strength=signal.strength,
        price=signal.close,
        candle_time=iso(signal.at),
    )
