"""One market on several timeframes: what each says, and what they agree on."""

import asyncio
import math

from trading_mcp.domain.candles import Candles, Column
from trading_mcp.domain.markets import Market
from trading_mcp.engine.session import Session
from trading_mcp.indicators.consensus import Vote, consensus, timeframe_weight
from trading_mcp.indicators.outlook import Bands, Indicators, Macd, Outlook, outlook
from trading_mcp.indicators.warmup import ema_warmup, wilder_warmup
from trading_mcp.services.charts import closed_at, no_candles, sound_candles, timeframes_named
from trading_mcp.services.lookup import market_named, provenance
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.analysis import (
    ConsensusView,
    TimeframesAnswer,
    TimeframesRequest,
    TimeframeView,
)

RSI = 14
FAST, SLOW, SIGNAL = 12, 26, 9
BANDS, DEVIATIONS = 20, 2.0


class TimeframeService:
    """What may be asked of several timeframes at once."""

    def __init__(self, session: Session):
        self._session = session

    @operation("analysis")
    async def analyze_multi_timeframe(
        self, request: TimeframesRequest, caller: Caller
    ) -> TimeframesAnswer:
        """Compare RSI, MACD, Bollinger bands and trend on several timeframes, and tell on which
        side they agree, how strongly, and which confirm or conflict. Indicators only; for what
        the strategies would do use generate_signals."""
        market = market_named(self._session, request.exchange, request.symbol, field="symbol")
        names = timeframes_named(request.timeframes)
        read = await asyncio.gather(*(self._candles(market, name) for name in names))
        charts = dict(zip(names, read, strict=True))
        ends = [closed_at(candles, name) for name, candles in charts.items() if len(candles)]
        if not ends:
            raise no_candles(market, names[0])
        views = {n: _view(indicators_of(c) if len(c) else None) for n, c in charts.items()}
        told = provenance(self._session, market, max(ends))
        del told["pair"]  # the reference calls it symbol here
        return TimeframesAnswer(
            **told,
            symbol=market.symbol,
            timeframes=views,
            consensus=_agreed(views),
        )

    async def _candles(self, market: Market, timeframe: str) -> Candles:
        settled = max(wilder_warmup(RSI), ema_warmup(SLOW) + ema_warmup(SIGNAL))
        return await sound_candles(self._session, market, timeframe, settled)


_UNKNOWN = Outlook(None, "neutral", 0.0)


def indicators_of(candles: Candles) -> Indicators:
    """Return the indicators after the last of *candles*, of which there is one at least."""
    from trading_mcp.indicators import series  # TA-Lib is heavy: not before it is needed

    close = candles.close
    (rsi,) = _newest(series.rsi(close, RSI)) or (None,)
    macd = _newest(*series.macd(close, FAST, SLOW, SIGNAL))
    bands = _newest(*series.bollinger(close, BANDS, DEVIATIONS))
    return Indicators(
        close=float(close[-1]),
        rsi=rsi,
        macd=Macd(macd=macd[0], signal=macd[1], histogram=macd[2]) if macd else None,
        bands=Bands(upper=bands[0], middle=bands[1], lower=bands[2]) if bands else None,
    )


def _newest(*columns: Column) -> list[float] | None:
    """Return the last of each column; None unless all of them are known."""
    values = [float(column[-1]) for column in columns]
    return values if all(map(math.isfinite, values)) else None


def _view(seen: Indicators | None) -> TimeframeView:
    said = outlook(seen) if seen is not None else _UNKNOWN
    return TimeframeView(
        rsi=seen.rsi if seen else None,
        macd=seen.macd if seen else None,
        bollinger=seen.bands if seen else None,
        trend=said.trend,
        signal=said.signal,
        strength=said.strength,
    )


def _agreed(views: dict[str, TimeframeView]) -> ConsensusView:
    agreed = consensus(
        Vote(view.signal, view.strength, timeframe_weight(name)) for name, view in views.items()
    )
    others = {agreed.direction, "neutral"}
    return ConsensusView(
        direction=agreed.direction,
        strength=agreed.strength,
        confidence=agreed.confidence,
        confirming_timeframes=[n for n, v in views.items() if v.signal == agreed.direction],
        conflicting_timeframes=[n for n, v in views.items() if v.signal not in others],
    )
