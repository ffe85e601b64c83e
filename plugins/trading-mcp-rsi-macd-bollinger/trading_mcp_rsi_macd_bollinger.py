"""Trade what two of three agree on within a few candles: RSI, MACD and Bollinger bands."""

from typing import Annotated

import numpy as np

from trading_mcp.sdk import (
    Candles,
    Column,
    Flags,
    Meta,
    Params,
    Percent,
    Period,
    Signals,
    Strategy,
    bollinger,
    confidence,
    crosses_above,
    crosses_below,
    ema_warmup,
    hookimpl,
    macd,
    recently,
    rsi,
    signals,
    wilder_warmup,
)


class RsiMacdBollingerParams(Params, frozen=True, kw_only=True):
    """The three indicators' own parameters, and within how many candles they have to agree."""

    rsi_period: Period = 14
    rsi_oversold: Percent = 30
    rsi_overbought: Percent = 70
    macd_fast: Period = 12
    macd_slow: Period = 26
    macd_signal: Period = 9
    bollinger_period: Period = 20
    bollinger_deviations: Annotated[float, Meta(ge=0.5, le=5)] = 2.0
    agreement_candles: Annotated[int, Meta(ge=1, le=50)] = 5

    def __post_init__(self) -> None:
        if self.rsi_oversold >= self.rsi_overbought:
            raise ValueError("rsi_oversold must be below rsi_overbought")
        if self.macd_fast >= self.macd_slow:
            raise ValueError("macd_fast must be below macd_slow")


class RsiMacdBollinger(Strategy):
    """Long when two of three have spoken for a rise within `agreement_candles`, and vice versa.

    For a rise speak: the RSI falling below oversold, the MACD line crossing above its signal
    line, the close falling below the lower band. Each agreement is also where the other side
    leaves. The strength is 0.75 when two agree and 1 when all three do.
    """

    name = "rsi_macd_bollinger"
    params_type = RsiMacdBollingerParams
    params: RsiMacdBollingerParams

    @property
    def warmup(self) -> int:
        """As many candles as the slowest of the three needs, and those of an agreement."""
        params = self.params
        longest = max(
            wilder_warmup(params.rsi_period),
            ema_warmup(params.macd_slow) + ema_warmup(params.macd_signal),
            params.bollinger_period,
        )
        return longest + params.agreement_candles

    def signals(self, candles: Candles) -> Signals:
        """Wish at the candle that brings the second or third voice."""
        for_rise, for_fall = self._voices(candles.close)
        rise = _grown(for_rise) & (for_rise > for_fall)
        fall = _grown(for_fall) & (for_fall > for_rise)
        return signals(
            len(candles),
            enter_long=rise,
            exit_long=fall,
            enter_short=fall,
            exit_short=rise,
            strength=confidence(np.maximum(for_rise, for_fall) - 1, full=2.0),
            direction=self.params.direction,
        )

    def _voices(self, close: Column) -> tuple[Column, Column]:
        """Count at each candle who has spoken lately for a rise, and who for a fall."""
        params = self.params
        index = rsi(close, params.rsi_period)
        line, signal, _ = macd(close, params.macd_fast, params.macd_slow, params.macd_signal)
        bands = bollinger(close, params.bollinger_period, params.bollinger_deviations)
        rise = self._count(
            crosses_below(index, params.rsi_oversold),
            crosses_above(line, signal),
            crosses_below(close, bands.lower),
        )
        fall = self._count(
            crosses_above(index, params.rsi_overbought),
            crosses_below(line, signal),
            crosses_above(close, bands.upper),
        )
        return rise, fall

    def _count(self, *voices: Flags) -> Column:
        lately = [recently(voice, self.params.agreement_candles) for voice in voices]
        count: Column = np.sum(lately, axis=0, dtype=np.float64)
        return count


def _grown(voices: Column) -> Flags:
    """Return where at least two agree, and more than at the candle before."""
    return (voices >= 2) & (np.diff(voices, prepend=0.0) > 0)


@hookimpl
def register_strategies() -> list[type[Strategy]]:
    """Offer the strategy to the server."""
    return [RsiMacdBollinger]
