"""Technical analysis: indicators of a market's candles, and the patterns they draw."""

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.engine.session import Session
from trading_mcp.indicators import readings
from trading_mcp.indicators.warmup import ema_warmup, wilder_warmup
from trading_mcp.services.charts import chart_for
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.analysis import (
    AtrAnswer,
    AtrRequest,
    AverageRequest,
    BollingerAnswer,
    BollingerRequest,
    BollingerValues,
    EmaAnswer,
    MacdAnswer,
    MacdRequest,
    MacdValues,
    RsiAnswer,
    RsiRequest,
    SmaAnswer,
    StochasticAnswer,
    StochasticRequest,
    StochasticValues,
)

NO_ROUTE = "the reference names no route for it"
USUAL_CANDLES = 100
"""The last ATRs, the median of which is the usual one."""


class AnalysisService:
    """What may be computed from a market's candles.

    Every value is one of a long history: before the first that is shown, as many candles are read
    as a recursive average needs to forget where it began, to a part in a billion (RSI and ATR of
    14: 295, EMA of 20: 228, MACD of 12, 26 and 9: 398). A younger market is read from its
    beginning. Simple averages, bands and the stochastic only need their own periods.
    """

    def __init__(self, session: Session):
        self._session = session

    # TA-Lib is heavy: `series` is imported where it is needed, once `chart_for` has loaded it.

    @operation("analysis", mcp_only=NO_ROUTE)
    async def calculate_rsi(self, request: RsiRequest, caller: Caller) -> RsiAnswer:
        """Calculate Wilder's RSI of closing prices: overbought above 70, oversold below 30. For
        several indicators and timeframes at once use analyze_multi_timeframe."""
        chart = await chart_for(
            self._session,
            request,
            first=request.period + 1,
            settled=wilder_warmup(request.period),
            by="period",
        )
        from trading_mcp.indicators import series

        values = chart.numbers(series.rsi(chart.candles.close, request.period))
        return RsiAnswer(
            **chart.told,
            period=request.period,
            rsi=values[-1],
            values=values,
            signal=readings.of_rsi(values[-1]),
        )

    @operation("analysis", mcp_only=NO_ROUTE)
    async def calculate_macd(self, request: MacdRequest, caller: Caller) -> MacdAnswer:
        """Calculate the MACD of closing prices, its signal line and the histogram between them:
        which way momentum turns, and whether it has just crossed."""
        slow, signal = request.slow_period, request.signal_period
        if request.fast_period >= slow:
            raise InvalidParameter(
                f"fast_period: {request.fast_period} must be below slow_period, {slow}",
                field="fast_period",
                found=request.fast_period,
                slow_period=slow,
            )
        chart = await chart_for(
            self._session,
            request,
            first=slow + signal - 1,
            settled=ema_warmup(slow) + ema_warmup(signal),
            by="slow_period",
        )
        from trading_mcp.indicators import series

        found = series.macd(chart.candles.close, request.fast_period, slow, signal)
        crossed = series.crosses_above(*found[:2])[-1] or series.crosses_below(*found[:2])[-1]
        line, signal_line, histogram = map(chart.numbers, found)
        return MacdAnswer(
            **chart.told,
            fast_period=request.fast_period,
            slow_period=slow,
            signal_period=signal,
            macd=line[-1],
            signal_line=signal_line[-1],
            histogram=histogram[-1],
            values=MacdValues(macd=line, signal_line=signal_line, histogram=histogram),
            signal=readings.of_macd(histogram[-1], crossed=bool(crossed)),
        )

    @operation("analysis", mcp_only=NO_ROUTE)
    async def calculate_bollinger(
        self, request: BollingerRequest, caller: Caller
    ) -> BollingerAnswer:
        """Calculate the Bollinger bands of closing prices, where the price lies between them
        (percent_b, 0 to 1), and how wide they are: for extremes and for squeezes."""
        chart = await chart_for(
            self._session, request, first=request.period, settled=0, by="period"
        )
        from trading_mcp.indicators import series

        close = chart.candles.close
        bands = series.bollinger(close, request.period, request.std_dev)
        values = BollingerValues(
            upper=chart.numbers(bands.upper),
            middle=chart.numbers(bands.middle),
            lower=chart.numbers(bands.lower),
            percent_b=chart.values(series.percent_b(close, bands)),
            bandwidth=chart.numbers(series.bandwidth(bands)),
        )
        return BollingerAnswer(
            **chart.told,
            period=request.period,
            std_dev=request.std_dev,
            upper=values.upper[-1],
            middle=values.middle[-1],
            lower=values.lower[-1],
            percent_b=values.percent_b[-1],
            bandwidth=values.bandwidth[-1],
            values=values,
            signal=readings.of_bands(values.percent_b[-1]),
        )

    @operation("analysis", mcp_only=NO_ROUTE)
    async def calculate_ema(self, request: AverageRequest, caller: Caller) -> EmaAnswer:
        """Calculate the exponential moving average of closing prices, and on which side of it
        the price is. It follows faster than calculate_sma."""
        chart = await chart_for(
            self._session,
            request,
            first=request.period,
            settled=ema_warmup(request.period),
            by="period",
        )
        from trading_mcp.indicators import series

        values = chart.numbers(series.ema(chart.candles.close, request.period))
        return EmaAnswer(
            **chart.told,
            period=request.period,
            ema=values[-1],
            price=chart.last_close,
            values=values,
            signal=readings.of_average(chart.last_close, values[-1]),
        )

    @operation("analysis", mcp_only=NO_ROUTE)
    async def calculate_sma(self, request: AverageRequest, caller: Caller) -> SmaAnswer:
        """Calculate the simple moving average of closing prices, and on which side of it the
        price is."""
        chart = await chart_for(
            self._session, request, first=request.period, settled=0, by="period"
        )
        from trading_mcp.indicators import series

        values = chart.numbers(series.sma(chart.candles.close, request.period))
        return SmaAnswer(
            **chart.told,
            period=request.period,
            sma=values[-1],
            price=chart.last_close,
            values=values,
            signal=readings.of_average(chart.last_close, values[-1]),
        )

    @operation("analysis", mcp_only=NO_ROUTE)
    async def calculate_atr(self, request: AtrRequest, caller: Caller) -> AtrAnswer:
        """Calculate Wilder's average true range: how far the price moves in a candle, in quote
        and in percent. For a stop's place use calculate_stop_loss."""
        chart = await chart_for(
            self._session,
            request,
            first=request.period + 1,
            settled=wilder_warmup(request.period) + USUAL_CANDLES,
            by="period",
        )
        from trading_mcp.indicators import series

        candles = chart.candles
        ranges = series.atr(candles.high, candles.low, candles.close, request.period)
        values = chart.numbers(ranges)
        return AtrAnswer(
            **chart.told,
            period=request.period,
            atr=values[-1],
            atr_percent=values[-1] / chart.last_close * 100,
            values=values,
            signal=readings.of_range(values[-1], series.usual(ranges, USUAL_CANDLES)),
        )

    @operation("analysis", mcp_only=NO_ROUTE)
    async def calculate_stochastic(
        self, request: StochasticRequest, caller: Caller
    ) -> StochasticAnswer:
        """Calculate the slow stochastic, %K and %D: where the price lies in its recent range;
        overbought above 80, oversold below 20. Null where the market had no range."""
        smoothing, d_period = request.smoothing, request.d_period
        chart = await chart_for(
            self._session,
            request,
            first=request.k_period + smoothing + d_period - 2,
            settled=0,
            by="k_period",
        )
        from trading_mcp.indicators import series

        high, low, close = chart.candles.high, chart.candles.low, chart.candles.close
        k, d = series.known_stochastic(high, low, close, request.k_period, smoothing, d_period)
        values = StochasticValues(k=chart.values(k), d=chart.values(d))
        return StochasticAnswer(
            **chart.told,
            k_period=request.k_period,
            d_period=d_period,
            smoothing=smoothing,
            k=values.k[-1],
            d=values.d[-1],
            values=values,
            signal=readings.of_stochastic(values.k[-1]),
        )
