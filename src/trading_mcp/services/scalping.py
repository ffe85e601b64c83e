"""The scalping engine: started, stopped, asked how it is; the markets it trades."""

from typing import Literal

from trading_mcp.domain import entries as e
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.markets import Market, MarketKey
from trading_mcp.engine.session import Session
from trading_mcp.services.lookup import market_named, market_of
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.common import Done, Mutation, Nothing
from trading_mcp.services.shapes.execution import BotRequest, PairRequest
from trading_mcp.services.shapes.status import Health, Metrics, Status
from trading_mcp.services.views import duration, iso, number

HealthWord = Literal["healthy", "degraded", "unhealthy"]


class ScalpingService:
    """What may be asked about the engine as a whole."""

    def __init__(self, session: Session, broken: dict[str, str]):
        self._session, self._broken = session, broken

    @operation("scalping")
    async def bot_status(self, request: Nothing, caller: Caller) -> Status:
        """Say at a glance whether the scalping engine runs, on which exchanges, pairs and
        strategies, whether it may open positions, and what is wrong, if anything. Use it first;
        get_positions and get_risk_state have the details."""
        session, state = self._session, self._session.state
        active = session.roster.chosen()
        halted = session.why_halted()
        return Status(
            running=state.running,
            uptime=duration(session.uptime_s),
            pairs_count=len(state.pairs),
            active_strategies=len(active),
            health_status=self._health(),
            errors=self._errors(),
            exchanges=[f"{x.name} ({x.source})" for x in session.exchanges.values()],
            pairs=[key.partition(":")[2] for key in state.pairs],
            strategies=active,
            kill_switch_active=state.kill_switch is not None,
            open_positions=len(state.positions),
            can_trade=state.running and not halted,
            limit_reason=halted if state.running else halted or "The scalping engine is stopped",
            trading_time=iso(session.clock.now()),
        )

    @operation("scalping", rest_only="agents use bot_status")
    async def get_health(self, request: Nothing, caller: Caller) -> Health:
        """Return whether the engine is well."""
        return Health(
            status=self._health(),
            running=self._session.state.running,
            uptime=duration(self._session.uptime_s),
            errors=self._errors(),
            timestamp=iso(self._session.clock.wall()),
        )

    @operation("scalping", rest_only="agents use bot_status and get_portfolio")
    async def get_metrics(self, request: Nothing, caller: Caller) -> Metrics:
        """Return results and speed of all closed positions."""
        state, standings = self._session.state, self._session.core.standings
        tally, executed, equity = state.tally(), state.executed(), standings.equity()
        return Metrics(
            total_trades=tally.trades,
            winning_trades=tally.wins,
            losing_trades=tally.losses,
            win_rate=tally.win_rate,
            total_pnl=number(tally.pnl),
            daily_pnl=number(state.realized("day")),
            weekly_pnl=number(state.realized("week")),
            monthly_pnl=number(state.realized("month")),
            avg_win=tally.average_win,
            avg_loss=tally.average_loss,
            profit_factor=tally.profit_factor,
            sharpe_ratio=tally.sharpe_ratio(state.parameters.risk_free_rate),
            max_drawdown=tally.max_drawdown_pct,
            active_positions=len(state.positions),
            avg_latency_ms=executed.latency.average,
            avg_slippage_pct=executed.average_slippage_pct,
            unrealized_pnl=number(standings.unrealized()),
            equity=number(equity) if equity is not None else None,
        )

    @operation("scalping", "control", idempotent=True)
    async def start_bot(self, request: BotRequest, caller: Caller) -> Done:
        """Start the scalping engine, or change what it trades: exactly the pairs and strategies
        named; left out, as they were. Strategies then open positions on their own, within the risk
        limits. bot_status shows it, stop_bot ends it."""
        session, state = self._session, self._session.state
        session.exchange(request.exchange)  # refused even where no pair is named
        entries: list[e.AnyEntry] = []
        if request.pairs is not None:
            markets = self._markets(request.exchange, request.pairs)
            entries.append(await self._trade_only(markets, caller))
        if request.strategies is not None:
            entries += self._run_only(request.strategies, caller)
        was_running = state.running
        at = session.clock.now()
        entries.append(e.EngineSwitched(at=at, running=True, principal=caller.principal))
        left = set(state.pairs)
        await session.record(*entries)
        session.prove()
        await session.widen_windows()
        for key in left - set(state.pairs):
            session.leave(key)
        if was_running and len(entries) == 1:
            return Done(message="Scalping engine is already running")
        return Done(message="Scalping engine started successfully")

    @operation("scalping", "control", idempotent=True)
    async def stop_bot(self, request: Mutation, caller: Caller) -> Done:
        """Stop the scalping engine: strategies open nothing any more. Open positions stay, and
        their stops and targets are still watched. To stop every caller's new exposure use
        activate_kill_switch."""
        if not self._session.state.running:
            return Done(message="Scalping engine is already stopped")
        off = e.EngineSwitched(
            at=self._session.clock.now(), running=False, principal=caller.principal
        )
        await self._session.record(off)
        return Done(message="Scalping engine stopped successfully")

    @operation("scalping", "control", idempotent=True, rest_only="agents name pairs in start_bot")
    async def add_pair(self, request: PairRequest, caller: Caller) -> Done:
        """Trade one more market."""
        market = market_of(self._session, request)
        if market.key in self._session.state.pairs:
            return Done(message="Pair is traded already")
        await self._session.follow(market.key)
        await self._set_pairs((*self._session.state.pairs, market.key), caller)
        return Done(message="Pair added successfully")

    @operation("scalping", "control", idempotent=True, rest_only="agents name pairs in start_bot")
    async def remove_pair(self, request: PairRequest, caller: Caller) -> Done:
        """Trade a market no longer. An open position there is still watched until it closes."""
        market = market_of(self._session, request)
        pairs = self._session.state.pairs
        if market.key not in pairs:
            raise InvalidParameter(
                f"pair: {market.symbol} is not traded; traded: {', '.join(pairs) or 'none'}",
                field="pair",
            )
        await self._set_pairs(tuple(key for key in pairs if key != market.key), caller)
        self._session.leave(market.key)
        return Done(message="Pair removed successfully")

    def _markets(self, exchange: str | None, pairs: list[str]) -> list[Market]:
        return [market_named(self._session, exchange, pair) for pair in pairs]

    async def _trade_only(self, markets: list[Market], caller: Caller) -> e.PairsChanged:
        for market in markets:
            if market.key not in self._session.state.pairs:
                await self._session.follow(market.key)
        keys = tuple(dict.fromkeys(market.key for market in markets))
        at = self._session.clock.now()
        return e.PairsChanged(at=at, pairs=keys, principal=caller.principal)

    def _run_only(self, names: list[str], caller: Caller) -> list[e.StrategyChanged]:
        roster, at = self._session.roster, self._session.clock.now()
        wanted = {name: roster.settings(name) for name in names}
        return [
            e.StrategyChanged(
                at=at,
                name=name,
                active=name in wanted,
                weight=settings.weight,
                params=settings.params,
                why="start_bot",
                principal=caller.principal,
            )
            for name, settings in self._session.state.strategies.items()
            if name in roster.classes and settings.active != (name in wanted)
        ]

    async def _set_pairs(self, pairs: tuple[MarketKey, ...], caller: Caller) -> None:
        at = self._session.clock.now()
        await self._session.record(e.PairsChanged(at=at, pairs=pairs, principal=caller.principal))

    def _health(self) -> HealthWord:
        if not self._session.healthy:
            return "unhealthy"
        return "degraded" if self._errors() else "healthy"

    def _errors(self) -> list[str]:
        session = self._session
        found = [] if session.healthy else ["The journal cannot be written"]
        found += [f"{key}: market data is stale" for key in session.stale_markets()]
        doubts = session.core.standings.doubts
        found += [f"{name} {why}" for name, about in doubts.items() for why in about.values()]
        found += [f"{asset} is halted: {why}" for asset, why in session.state.halted.items()]
        found += [f"plugin {name}: {reason}" for name, reason in sorted(self._broken.items())]
        found += [
            f"strategy {name} was stopped: {settings.fault}"
            for name, settings in sorted(session.state.strategies.items())
            if settings.fault and settings.fault != "stopped" and name in session.roster.classes
        ]
        found += [
            f"order {order.id}: outcome unknown"
            for order in session.state.orders.values()
            if order.status == "unknown"
        ]
        return found
