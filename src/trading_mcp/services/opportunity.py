"""Whether a market is worth a scalping entry now, by what the strategies saw of late."""

import asyncio
import math

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.markets import Market
from trading_mcp.domain.orders import ExitPlan
from trading_mcp.domain.signals import Signal
from trading_mcp.engine.session import Session
from trading_mcp.indicators import readings
from trading_mcp.indicators.consensus import Vote, consensus, timeframe_weight
from trading_mcp.services.charts import no_candles, sound_candles, timeframes_named
from trading_mcp.services.intents import default_plan
from trading_mcp.services.lookup import market_of, told
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.opinions import candles_needed, exits_of, level_at, opinions, unheard
from trading_mcp.services.shapes.signals import (
    IndicatorSnapshot,
    OpportunityAnswer,
    OpportunityRequest,
)
from trading_mcp.services.views import iso

LOOK_BACK = 5
"""How many of a timeframe's last candles a wish is still an opportunity for."""


class OpportunityService:
    """What may be asked of the strategies about a market as a whole."""

    def __init__(self, session: Session):
        self._session = session

    @operation("scalping", mcp_only="the reference names no route for it")
    async def analyze_opportunity(
        self, request: OpportunityRequest, caller: Caller
    ) -> OpportunityAnswer:
        """Judge whether a pair is worth a scalping entry now: the side the active strategies
        agreed on within the last five candles of each timeframe, how confidently, and the entry,
        stop and target of the default exits. Next: check_risk_limits, execute_trade."""
        session, market = self._session, market_of(self._session, request)
        names = timeframes_named(request.timeframes)
        needed = candles_needed(session.roster.active(), LOOK_BACK)
        read = await asyncio.gather(*(sound_candles(session, market, n, needed) for n in names))
        if not len(read[0]):
            raise no_candles(market, names[0])
        votes, faults = await self._votes(market, dict(zip(names, read, strict=True)))
        agreed = consensus(vote for given in votes.values() for vote in given)
        data = session.exchanges[market.exchange].data
        ticker = await told(session, market.exchange, data.ticker(market.symbol))
        plan = self._exits(market, ticker.last, read[0])
        # For no side, the exits are those of a long position.
        sign = -1 if agreed.direction == "short" else 1
        return OpportunityAnswer(
            exchange=market.exchange,
            pair=market.symbol,
            signal=agreed.direction,
            confidence=agreed.confidence,
            entry_price=ticker.last,
            stop_loss=level_at(market, sign, ticker.last, -plan.stop_loss_pct),
            take_profit=level_at(market, sign, ticker.last, plan.take_profit_pct),
            indicators=_snapshot(read[0]),
            by_timeframe={name: consensus(given).direction for name, given in votes.items()},
            faults=faults,
            timestamp=iso(ticker.at),
        )

    async def _votes(
        self, market: Market, charts: dict[str, Candles]
    ) -> tuple[dict[str, list[Vote]], dict[str, str]]:
        """Return the active strategies' votes by timeframe, and why some have none."""
        strategies = self._session.roster.active()
        votes: dict[str, list[Vote]] = {}
        faults = unheard(self._session)
        for name, candles in charts.items():
            found = await opinions(self._session, strategies, market, candles, LOOK_BACK)
            weight = timeframe_weight(name)
            votes[name] = [vote for opinion in found.given for vote in opinion.votes(weight)]
            faults |= {strategy: f"{name}: {why}" for strategy, why in found.faults.items()}
        return votes, faults

    def _exits(self, market: Market, price: float, candles: Candles) -> ExitPlan:
        from trading_mcp.indicators.series import atr  # loaded with the candles

        found = float(atr(candles.high, candles.low, candles.close, 14)[-1])
        entry = Signal(
            strategy="",
            market=market.key,
            at=int(candles.time[-1]),
            close=price,
            strength=0.0,
            wishes=(),
            atr=found if math.isfinite(found) else 0.0,
        )
        return exits_of(self._session, market, default_plan(self._session), entry)


def _snapshot(candles: Candles) -> IndicatorSnapshot:
    from trading_mcp.indicators import series  # loaded with the candles

    close = candles.close
    bands = series.bollinger(close, 20, 2.0)
    place = _known(series.percent_b(close, bands)[-1])
    return IndicatorSnapshot(
        rsi_7=_known(series.rsi(close, 7)[-1]),
        rsi_14=_known(series.rsi(close, 14)[-1]),
        macd_histogram=_known(series.macd(close).histogram[-1]),
        bollinger_position=readings.of_bands(place) if math.isfinite(bands.middle[-1]) else None,
    )


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
