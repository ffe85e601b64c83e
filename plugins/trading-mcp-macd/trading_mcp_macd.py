"""Follow the turns of momentum: the MACD line crossing its signal line."""

import numpy as np

from trading_mcp.sdk import (
    Candles,
    Params,
    Period,
    Signals,
    Strategy,
    confidence,
    crosses_above,
    crosses_below,
    ema_warmup,
    hookimpl,
    macd,
    signals,
    sma,
)


class MacdParams(Params, frozen=True, kw_only=True):
    """The periods of the two averages and of the signal line."""

    macd_fast: Period = 12
    macd_slow: Period = 26
    macd_signal: Period = 9

    def __post_init__(self) -> None:
        if self.macd_fast >= self.macd_slow:
            raise ValueError("macd_fast must be below macd_slow")


class MacdScalping(Strategy):
    """Long when the MACD line crosses above its signal line, short when it crosses below.

    Each of the two is also where the other side leaves. The strength tells how hard the line
    turned: 0.5 plus a sixth for each time its usual step, up to 1 at three times.
    """

    name = "macd_scalping"
    params_type = MacdParams
    params: MacdParams

    @property
    def warmup(self) -> int:
        """As many candles as the slow average needs, and the signal line after it."""
        return ema_warmup(self.params.macd_slow) + ema_warmup(self.params.macd_signal)

    def signals(self, candles: Candles) -> Signals:
        """Wish at the candle whose close makes the lines cross."""
        params = self.params
        line, signal, histogram = macd(
            candles.close, params.macd_fast, params.macd_slow, params.macd_signal
        )
        rises, falls = crosses_above(line, signal), crosses_below(line, signal)
        step = np.abs(np.diff(histogram, prepend=np.nan))
        return signals(
            len(candles),
            enter_long=rises,
            exit_long=falls,
            enter_short=falls,
            exit_short=rises,
            strength=confidence(step, full=3 * sma(step, params.macd_slow)),
            direction=params.direction,
        )


@hookimpl
def register_strategies() -> list[type[Strategy]]:
    """Offer the strategy to the server."""
    return [MacdScalping]
