"""Planning a trade: how much, where to stop, where to take the profit. Nothing is sent."""

from decimal import Decimal

from trading_mcp.domain.errors import ExchangeError, InvalidParameter
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, ZERO, exact
from trading_mcp.domain.orders import MANUAL, Side
from trading_mcp.engine.session import Session
from trading_mcp.indicators.warmup import wilder_warmup
from trading_mcp.risk import rules
from trading_mcp.risk.sizing import held_to_limits, is_tradable
from trading_mcp.risk.standing import Standing
from trading_mcp.rules import costs, exits, levels, sizing
from trading_mcp.services.charts import chart_for
from trading_mcp.services.lookup import market_of, provenance
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.analysis import AtrRequest
from trading_mcp.services.shapes.planning import (
    SizeAnswer,
    SizeRequest,
    StopAnswer,
    StopRequest,
    TargetAnswer,
    TargetRequest,
)
from trading_mcp.services.views import number, on_tick

NO_ROUTE = "the reference names no route for it"


class PlanningService:
    """What may be computed before a trade."""

    def __init__(self, session: Session):
        self._session = session

    @operation("risk", mcp_only=NO_ROUTE)
    async def calculate_position_size(self, request: SizeRequest, caller: Caller) -> SizeAnswer:
        """Compute how much to trade so that the stop loses risk_percent of the equity, held to
        every limit on money (capped_by names the one that counts). Then check_risk_limits or
        execute_trade."""
        market = market_of(self._session, request)
        standing = await self._standing(market)
        allowed = min(standing.parameters.max_leverage, market.max_leverage)
        if request.leverage > allowed:
            raise InvalidParameter(
                f"leverage: at most {allowed} on {market.symbol}, got {request.leverage}",
                field="leverage",
                limit=allowed,
            )
        if standing.equity is None:
            raise ExchangeError("The account's value is not known yet: a held market has no price")
        price = self._price(standing, "buy", request.entry_price)
        stop = request.stop_loss_percent or standing.parameters.stop_loss_percent
        risk = request.risk_percent or _usual_risk(standing)
        wanted = sizing.notional_at_risk(float(standing.equity), risk, stop)
        amount, capped = held_to_limits(wanted, price, MANUAL, standing, request.leverage)
        if not is_tradable(amount, price, standing):
            amount, capped = ZERO, capped or rules.order_is_too_small.__name__
        notional = EXACT.multiply(amount, price)
        leverage = Decimal(request.leverage)
        return SizeAnswer(
            **provenance(self._session, market, standing.now),
            entry_price=number(price),
            amount=number(amount),
            notional=number(notional),
            margin=number(costs.needed_funds(notional, leverage, market.taker_fee)),
            risk_amount=float(notional) * stop / 100.0,
            risk_percent=risk,
            stop_loss_percent=stop,
            wanted_notional=wanted,
            capped_by=capped,
            equity=number(standing.equity),
        )

    @operation("risk", mcp_only=NO_ROUTE)
    async def calculate_stop_loss(self, request: StopRequest, caller: Caller) -> StopAnswer:
        """Compute a stop atr_multiplier average true ranges from the entry, on the losing side:
        below for a buy, above for a sell. Then calculate_position_size with its
        distance_percent, or update_sltp for an open position."""
        market = market_of(self._session, request)
        chart = await chart_for(
            self._session,
            AtrRequest(
                exchange=request.exchange,
                pair=request.pair,
                market_type=request.market_type,
                interval=request.interval,
                period=request.period,
                limit=1,
            ),
            first=request.period + 1,
            settled=wilder_warmup(request.period),
            by="period",
        )
        from trading_mcp.indicators.series import atr  # loaded with the candles

        candles = chart.candles
        usual = float(atr(candles.high, candles.low, candles.close, request.period)[-1])
        entry = await self._entry(market, request.side, request.entry_price)
        wanted = levels.stop_by_range(
            _sign(request.side), float(entry), usual, request.atr_multiplier
        )
        stop = on_tick(market, wanted)
        if stop <= 0 or stop == entry:
            where = "at or below zero" if stop <= 0 else "nearer than a tick"
            raise InvalidParameter(
                f"atr_multiplier: {request.atr_multiplier} times the average true range of "
                f"{usual:.8g} puts the stop {where} (entry {entry}, tick {market.tick})",
                field="atr_multiplier",
                atr=usual,
                hint="Use another atr_multiplier, or candles of another interval.",
            )
        return StopAnswer(
            exchange=chart.told["exchange"],
            pair=chart.told["pair"],
            timestamp=chart.told["timestamp"],
            source=chart.told["source"],
            age_ms=chart.told["age_ms"],
            side=request.side,
            entry_price=number(entry),
            stop_loss=number(stop),
            distance=number(abs(entry - stop)),
            distance_percent=levels.distance_pct(float(entry), float(stop)),
            atr=usual,
            atr_multiplier=request.atr_multiplier,
            interval=request.interval,
            period=request.period,
        )

    @operation("risk", mcp_only=NO_ROUTE)
    async def calculate_take_profit(self, request: TargetRequest, caller: Caller) -> TargetAnswer:
        """Compute the target whose reward is risk_reward_ratio times the risk between entry and
        stop. Use calculate_stop_loss first and pass its stop_loss; then execute_trade or
        update_sltp."""
        market = market_of(self._session, request)
        entry = await self._entry(market, request.side, request.entry_price)
        stop = self._stop(market, request, entry)
        target = on_tick(
            market,
            levels.target_by_ratio(float(entry), float(stop), request.risk_reward_ratio),
        )
        if target <= 0:
            raise InvalidParameter(
                f"risk_reward_ratio: {request.risk_reward_ratio} puts the target of a sell at "
                f"{entry} with the stop at {stop} at or below zero",
                field="risk_reward_ratio",
            )
        risk, reward = abs(entry - stop), abs(target - entry)
        return TargetAnswer(
            **provenance(self._session, market, self._session.clock.now()),
            side=request.side,
            entry_price=number(entry),
            stop_loss=number(stop),
            take_profit=number(target),
            risk=number(risk),
            reward=number(reward),
            risk_percent=levels.distance_pct(float(entry), float(stop)),
            reward_percent=levels.distance_pct(float(entry), float(target)),
            risk_reward_ratio=float(reward / risk),
        )

    def _stop(self, market: Market, request: TargetRequest, entry: Decimal) -> Decimal:
        """Return the stop of *request*, or the default one. Raises InvalidParameter."""
        side = _sign(request.side)
        usual = exits.level(side, float(entry), -self._session.state.parameters.stop_loss_percent)
        stop = on_tick(market, request.stop_loss or usual)
        if exits.is_protective(side, float(stop), float(entry)):
            return stop
        wanted = "below" if side > 0 else "above"
        raise InvalidParameter(
            f"stop_loss: the stop of a {request.side} must lie {wanted} its entry {entry}, "
            f"got {stop}",
            field="stop_loss",
        )

    async def _standing(self, market: Market) -> Standing:
        await self._session.watch(market.key)
        return self._session.core.standings.standing(market.key, self._session.clock.now())

    async def _entry(self, market: Market, side: Side, asked: float | None) -> Decimal:
        if asked is not None:
            return exact(asked)
        return self._price(await self._standing(market), side, None)

    @staticmethod
    def _price(standing: Standing, side: Side, asked: float | None) -> Decimal:
        """Return the price that was asked for, or what an order would meet now."""
        if asked is not None:
            return exact(asked)
        price = standing.price
        if price is None:
            raise ExchangeError(f"{standing.market.symbol} has no price yet")
        return price.ask if side == "buy" else price.bid


def _usual_risk(standing: Standing) -> float:
    """Return the risk per trade of the parameters and the mode, in percent of the equity."""
    base = standing.parameters.risk_per_trade_percent
    return sizing.risk_percent(base, standing.factors.size, 0.0, 0, 0.0)


def _sign(side: Side) -> int:
    return 1 if side == "buy" else -1
