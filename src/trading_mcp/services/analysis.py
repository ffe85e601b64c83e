"""Technical analysis: indicators of a market's candles."""

import math
from typing import Literal

from trading_mcp.domain.candles import interval_ms
from trading_mcp.domain.errors import MarketClosed
from trading_mcp.engine.session import Session
from trading_mcp.services.lookup import closed_candles, market_of, provenance
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.analysis import RsiAnswer, RsiRequest

OVERBOUGHT, OVERSOLD = 70.0, 30.0


class AnalysisService:
    """What may be computed from a market's candles."""

    def __init__(self, session: Session):
        self._session = session

    @operation("analysis")
    async def calculate_rsi(self, request: RsiRequest, caller: Caller) -> RsiAnswer:
        """Calculate Wilder's RSI of a market's closing prices: the newest value, the values of
        the last candles, and whether that is overbought (above 70) or oversold (below 30). Needs
        period + 1 candles at least."""
        from trading_mcp.indicators.series import rsi  # TA-Lib is heavy: not before it is needed

        market = market_of(self._session, request)
        # Wilder's average remembers long: enough candles before the first value that is shown.
        wanted = request.limit + 10 * request.period
        candles = await closed_candles(self._session, market, request.interval, wanted)
        found = [v for v in rsi(candles.close, request.period).tolist() if math.isfinite(v)]
        if not found:
            raise MarketClosed(
                f"{market.symbol} has {len(candles)} closed {request.interval} candles; "
                f"RSI({request.period}) needs {request.period + 1} with movement"
            )
        values = found[-request.limit :]
        return RsiAnswer(
            **provenance(
                self._session, market, int(candles.time[-1]) + interval_ms(request.interval)
            ),
            interval=request.interval,
            period=request.period,
            rsi=values[-1],
            values=values,
            signal=_reading(values[-1]),
        )


def _reading(rsi: float) -> Literal["overbought", "oversold", "neutral"]:
    if rsi > OVERBOUGHT:
        return "overbought"
    return "oversold" if rsi < OVERSOLD else "neutral"
