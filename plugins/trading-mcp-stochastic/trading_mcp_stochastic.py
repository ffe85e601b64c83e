"""Trade the turn at the end of a range: the stochastic's lines crossing near 0 or 100."""

from typing import Annotated

import numpy as np

from trading_mcp.sdk import (
    Candles,
    Meta,
    Params,
    Percent,
    Period,
    Signals,
    Strategy,
    confidence,
    crosses_above,
    crosses_below,
    hookimpl,
    signals,
    stochastic,
)

Smoothing = Annotated[int, Meta(ge=1, le=50)]


class StochasticParams(Params, frozen=True, kw_only=True):
    """The stochastic's periods, and from where on it is extreme."""

    stochastic_k: Period = 14
    stochastic_smoothing: Smoothing = 3
    stochastic_d: Smoothing = 3
    stochastic_oversold: Percent = 20
    stochastic_overbought: Percent = 80

    def __post_init__(self) -> None:
        if self.stochastic_oversold >= self.stochastic_overbought:
            raise ValueError("stochastic_oversold must be below stochastic_overbought")


class StochasticScalping(Strategy):
    """Long when %K crosses above %D below oversold, short when it crosses below above overbought.

    Each of the two is also where the other side leaves. The strength tells how far out %D was:
    0.5 at the level, 1 at the very end of the scale.
    """

    name = "stochastic_scalping"
    params_type = StochasticParams
    params: StochasticParams

    @property
    def warmup(self) -> int:
        """The candles under the last %D, and the one before."""
        params = self.params
        return params.stochastic_k + params.stochastic_smoothing + params.stochastic_d

    def signals(self, candles: Candles) -> Signals:
        """Wish at the candle whose close turns %K around."""
        params = self.params
        low, high = params.stochastic_oversold, params.stochastic_overbought
        k, d = stochastic(
            candles.high,
            candles.low,
            candles.close,
            params.stochastic_k,
            params.stochastic_smoothing,
            params.stochastic_d,
        )
        rises, falls = crosses_above(k, d) & (d < low), crosses_below(k, d) & (d > high)
        room = np.where(d < low, low, 100 - high)
        return signals(
            len(candles),
            enter_long=rises,
            exit_long=falls,
            enter_short=falls,
            exit_short=rises,
            strength=confidence(np.maximum(low - d, d - high), full=room),
            direction=params.direction,
        )


@hookimpl
def register_strategies() -> list[type[Strategy]]:
    """Offer the strategy to the server."""
    return [StochasticScalping]
