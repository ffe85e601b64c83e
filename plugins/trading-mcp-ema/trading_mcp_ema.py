"""Follow the trend: a fast exponential average crossing a slow one."""

import numpy as np

from trading_mcp.sdk import (
    Candles,
    Params,
    Period,
    Signals,
    Strategy,
    atr,
    confidence,
    crosses_above,
    crosses_below,
    ema,
    ema_warmup,
    hookimpl,
    signals,
    wilder_warmup,
)

ATR_PERIOD = 14


class EmaParams(Params, frozen=True, kw_only=True):
    """The periods of the two averages."""

    ema_fast: Period = 9
    ema_slow: Period = 21

    def __post_init__(self) -> None:
        if self.ema_fast >= self.ema_slow:
            raise ValueError("ema_fast must be below ema_slow")


class EmaCrossover(Strategy):
    """Long when the fast average crosses above the slow one, short when it crosses below.

    Each of the two is also where the other side leaves. The strength tells how sharply they
    crossed: 0.5 where they hardly parted, 1 where the candle moved them apart by a third of
    the average true range.
    """

    name = "ema_crossover"
    params_type = EmaParams
    params: EmaParams

    @property
    def warmup(self) -> int:
        """As many candles as the slow average and the average true range need."""
        return max(ema_warmup(self.params.ema_slow), wilder_warmup(ATR_PERIOD))

    def signals(self, candles: Candles) -> Signals:
        """Wish at the candle whose close makes the averages cross."""
        fast = ema(candles.close, self.params.ema_fast)
        slow = ema(candles.close, self.params.ema_slow)
        rises, falls = crosses_above(fast, slow), crosses_below(fast, slow)
        parted = np.abs(np.diff(fast - slow, prepend=np.nan))
        usual = atr(candles.high, candles.low, candles.close, ATR_PERIOD)
        return signals(
            len(candles),
            enter_long=rises,
            exit_long=falls,
            enter_short=falls,
            exit_short=rises,
            strength=confidence(parted, full=usual / 3),
            direction=self.params.direction,
        )


@hookimpl
def register_strategies() -> list[type[Strategy]]:
    """Offer the strategy to the server."""
    return [EmaCrossover]
