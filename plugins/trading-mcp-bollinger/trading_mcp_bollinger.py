"""Bet on the way back to the average when the price leaves its Bollinger bands."""

from typing import Annotated

import numpy as np

from trading_mcp.sdk import (
    Candles,
    Meta,
    Params,
    Period,
    Signals,
    Strategy,
    bollinger,
    confidence,
    crosses_above,
    crosses_below,
    hookimpl,
    signals,
)


class BollingerParams(Params, frozen=True, kw_only=True):
    """How many candles the bands look at, and how many deviations wide they are to each side."""

    bollinger_period: Period = 20
    bollinger_deviations: Annotated[float, Meta(ge=0.5, le=5)] = 2.0


class BollingerScalping(Strategy):
    """Long when the close falls below the lower band, short when it rises above the upper one.

    Both leave when the close is back across the average. The strength is 0.5 at the band and
    reaches 1 one standard deviation beyond it.
    """

    name = "bollinger_scalping"
    params_type = BollingerParams
    params: BollingerParams

    @property
    def warmup(self) -> int:
        """The candles under the bands, and the one before."""
        return self.params.bollinger_period + 1

    def signals(self, candles: Candles) -> Signals:
        """Wish at the candle whose close crosses a band or the average."""
        params, close = self.params, candles.close
        bands = bollinger(close, params.bollinger_period, params.bollinger_deviations)
        deviation = (bands.upper - bands.middle) / params.bollinger_deviations
        beyond = np.maximum(bands.lower - close, close - bands.upper)
        return signals(
            len(candles),
            enter_long=crosses_below(close, bands.lower),
            exit_long=crosses_above(close, bands.middle),
            enter_short=crosses_above(close, bands.upper),
            exit_short=crosses_below(close, bands.middle),
            strength=confidence(beyond, full=deviation),
            direction=params.direction,
        )


@hookimpl
def register_strategies() -> list[type[Strategy]]:
    """Offer the strategy to the server."""
    return [BollingerScalping]
