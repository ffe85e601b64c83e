"""What the strategies see in markets now: their signals, and the opportunities in them."""

import math
from typing import Literal

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.errors import MarketClosed
from trading_mcp.domain.markets import Market
from trading_mcp.domain.orders import ExitPlan
from trading_mcp.domain.signals import Signal
from trading_mcp.engine.evaluator import Fault
from trading_mcp.engine.session import Session
from trading_mcp.rules import exits, sizing
from trading_mcp.services.lookup import closed_candles, market_of
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.signals import (
    IndicatorSnapshot,
    OpportunityAnswer,
    OpportunityRequest,
    SignalsAnswer,
    SignalsRequest,
    SignalView,
)
from trading_mcp.services.views import iso, symbol_from

Direction = Literal["long", "short", "neutral"]
BandPosition = Literal["below", "lower", "middle", "upper", "above"]
LOOK_BACK = 5
"""How many of a timeframe's last candles a wish is still an opportunity for."""


class SignalService:
    """What may be asked of the strategies."""

    def __init__(self, session: Session):
        self._session = session

    @operation("scalping")
    async def get_signals(self, request: SignalsRequest, caller: Caller) -> SignalsAnswer:
        """Return what each active strategy wishes for at the last closed candle of each traded
        pair (or the pairs named), as action and strength. A wish is not an order: the engine
        acts on it only within the risk limits. For one pair on several timeframes use
        analyze_opportunity."""
        session = self._session
        exchange = session.exchange(request.exchange)
        markets = self._wanted(exchange.name, request.pairs)
        interval = session.settings.interval
        views = [
            (m.key, await closed_candles(self._session, m, interval, session.decider.window_size))
            for m in markets
        ]
        answers = await session.decider.wishes_on(session.roster.active(), views)
        faults = {name: a.reason for name, a in answers.items() if isinstance(a, Fault)}
        given = [s for a in answers.values() if not isinstance(a, Fault) for s in a]
        return SignalsAnswer(
            exchange=exchange.name,
            interval=interval,
            signals=[_signal_view(s) for s in sorted(given, key=lambda s: (s.market, s.strategy))],
            faults=faults,
            timestamp=iso(session.clock.now()),
        )

    @operation("scalping")
    async def analyze_opportunity(
        self, request: OpportunityRequest, caller: Caller
    ) -> OpportunityAnswer:
        """Judge whether a pair is worth a scalping entry now: what the active strategies wished
        for within the last five candles of each timeframe, the direction they agree on, how
        confident they are, and the entry, stop and target that the default exits would give.
        Follow with check_risk_limits and execute_trade."""
        market = market_of(self._session, request)
        session, wanted = self._session, self._session.decider.window_size
        votes: dict[str, list[tuple[Direction, float]]] = {}
        first: Candles | None = None
        for timeframe in dict.fromkeys(request.timeframes):
            candles = await closed_candles(session, market, timeframe, wanted)
            first = candles if first is None else first
            votes[timeframe] = await self._votes(market, candles)
        assert first is not None, "a request has at least one timeframe"
        if not len(first):
            raise MarketClosed(f"{market.symbol} has no closed candles yet")
        direction, confidence = consensus([vote for given in votes.values() for vote in given])
        ticker = await self._session.exchanges[market.exchange].data.ticker(market.symbol)
        stop, target = self._levels(direction, ticker.last, first)
        return OpportunityAnswer(
            exchange=market.exchange,
            pair=market.symbol,
            signal=direction,
            confidence=confidence,
            entry_price=ticker.last,
            stop_loss=stop,
            take_profit=target,
            indicators=_snapshot(first),
            by_timeframe={name: consensus(given)[0] for name, given in votes.items()},
            timestamp=iso(ticker.at),
        )

    async def _votes(self, market: Market, candles: Candles) -> list[tuple[Direction, float]]:
        ends = range(max(len(candles) - LOOK_BACK + 1, 1), len(candles) + 1)
        views = [(market.key, candles[:end]) for end in ends]
        strategies = self._session.roster.active()
        answers = await self._session.decider.wishes_on(strategies, views)
        votes: list[tuple[Direction, float]] = []
        for answer in answers.values():
            if isinstance(answer, Fault):
                continue
            # The newest wish of a strategy is its opinion.
            entering = [s for s in answer if any(w.startswith("enter") for w in s.wishes)]
            if entering:
                newest = entering[-1]
                side: Direction = "long" if "enter_long" in newest.wishes else "short"
                votes.append((side, newest.strength))
        return votes

    def _levels(self, direction: Direction, price: float, candles: Candles) -> tuple[float, float]:
        from trading_mcp.indicators.series import atr  # TA-Lib is heavy: not before it is needed

        parameters = self._session.state.parameters
        found = float(atr(candles.high, candles.low, candles.close, 14)[-1])
        width = sizing.stop_percent(
            parameters.stop_loss_percent,
            found if math.isfinite(found) else 0.0,
            price,
            parameters.volatility_multiplier,
        )
        plan = ExitPlan(
            stop_loss_pct=width,
            take_profit_pct=parameters.take_profit_percent * width / parameters.stop_loss_percent,
        )
        side = -1 if direction == "short" else 1
        return (
            exits.level(side, price, -plan.stop_loss_pct),
            exits.level(side, price, plan.take_profit_pct),
        )

    def _wanted(self, exchange: str, pairs: list[str] | None) -> list[Market]:
        if pairs is None:
            keys = [k for k in self._session.state.pairs if k.startswith(f"{exchange}:")]
            return [self._session.core.markets[key] for key in keys]
        return [self._session.market(exchange, symbol_from(pair, None)) for pair in pairs]


def consensus(votes: list[tuple[Direction, float]]) -> tuple[Direction, float]:
    """Return the direction with more votes, and the confidence in it, 0 to 1.

    Confidence is the mean strength of the winning votes times their share of all votes; a tie is
    neutral.
    """
    longs = [strength for side, strength in votes if side == "long"]
    shorts = [strength for side, strength in votes if side == "short"]
    if len(longs) == len(shorts):
        return "neutral", 0.0
    winning = longs if len(longs) > len(shorts) else shorts
    mean = math.fsum(winning) / len(winning)
    return ("long" if winning is longs else "short"), mean * len(winning) / len(votes)


def _signal_view(signal: Signal) -> SignalView:
    return SignalView(
        pair=signal.market.partition(":")[2],
        strategy=signal.strategy,
        action=signal.wishes[0] if signal.wishes else "hold",
        strength=signal.strength,
        price=signal.close,
        candle_time=iso(signal.at),
    )


def _snapshot(candles: Candles) -> IndicatorSnapshot:
    from trading_mcp.indicators import series  # TA-Lib is heavy: not before it is needed

    close = candles.close
    bands = series.bollinger(close, 20, 2.0)
    return IndicatorSnapshot(
        rsi_7=_known(series.rsi(close, 7)[-1]),
        rsi_14=_known(series.rsi(close, 14)[-1]),
        macd_histogram=_known(series.macd(close).histogram[-1]),
        bollinger_position=_band(
            float(close[-1]),
            float(bands.lower[-1]),
            float(bands.middle[-1]),
            float(bands.upper[-1]),
        ),
    )


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _band(close: float, lower: float, middle: float, upper: float) -> BandPosition | None:
    if not math.isfinite(lower + middle + upper):
        return None
    if close < lower:
        return "below"
    if close > upper:
        return "above"
    place = (close - lower) / (upper - lower) if upper > lower else 0.5
    return "lower" if place < 1 / 3 else "upper" if place > 2 / 3 else "middle"
