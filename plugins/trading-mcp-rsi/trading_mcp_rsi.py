"""Buy what fell too fast and sell what rose too fast, by Wilder's relative strength index."""

import numpy as np

from trading_mcp.sdk import (
    Candles,
    Column,
    Params,
    Percent,
    Period,
    Signals,
    Strategy,
    confidence,
    crosses_out,
    hookimpl,
    rsi,
    signals,
    wilder_warmup,
)


class RsiParams(Params, frozen=True, kw_only=True):
    """How many candles the RSI looks at, and from where on it is extreme."""

    rsi_period: Period = 14
    rsi_oversold: Percent = 30
    rsi_overbought: Percent = 70

    def __post_init__(self) -> None:
        if self.rsi_oversold >= self.rsi_overbought:
            raise ValueError("rsi_oversold must be below rsi_overbought")


class RsiScalping(Strategy):
    """Long when the RSI falls below oversold, short when it rises above overbought.

    Each of the two is also where the other side leaves. The strength is 0.5 at the level and
    reaches 1 ten points beyond it.
    """

    name = "rsi_scalping"
    params_type = RsiParams
    params: RsiParams

    @property
    def warmup(self) -> int:
        """As many candles as the RSI needs to forget where its history began."""
        return wilder_warmup(self.params.rsi_period)

    def signals(self, candles: Candles) -> Signals:
        """Wish at the candle whose close carries the RSI across a level."""
        low, high = self.params.rsi_oversold, self.params.rsi_overbought
        index = rsi(candles.close, self.params.rsi_period)
        falls, rises = crosses_out(index, low, high)
        return signals(
            len(candles),
            enter_long=falls,
            exit_long=rises,
            enter_short=rises,
            exit_short=falls,
            strength=lambda rows: confidence(beyond(index[rows], low, high), full=10.0),
            direction=self.params.direction,
        )


def beyond(index: Column, low: float, high: float) -> Column:
    """Return how far outside of the levels the index is; negative between them."""
    return np.maximum(low - index, index - high)


@hookimpl
def register_strategies() -> list[type[Strategy]]:
    """Offer the strategy to the server."""
    return [RsiScalping]
