"""What is run over: one market's candles, what was wished for after each, and its settlements."""

import msgspec
import numpy as np

from trading_mcp.backtest.kernel.layout import Whole
from trading_mcp.backtest.terms import Ground
from trading_mcp.domain.candles import Candles, Column
from trading_mcp.domain.signals import Signals


class Settlements(msgspec.Struct, frozen=True):
    """When funding was settled (UTC ms, oldest first), and at what rate (a fraction)."""

    time: Whole
    rate: Column


class History(msgspec.Struct, frozen=True, kw_only=True):
    """One market: its candles of *interval* ms, and what a strategy wished for after each.

    *finer* are smaller candles of the same time: they tell in which order a candle reached its
    prices. *atr* is the average true range after each candle, where stops are widened by it.
    """

    market: str
    interval: int
    candles: Candles
    signals: Signals
    ground: Ground = Ground()
    finer: Candles | None = None
    settlements: Settlements | None = None
    atr: Column | None = None


def fits(candles: Candles, finer: Candles, interval: int) -> str:
    """Say what keeps *finer* from being the inside of *candles*; "": nothing.

    Within each candle that has some, they must reach its high and its low, and no further.
    """
    first = np.searchsorted(finer.time, candles.time)
    end = np.searchsorted(finer.time, candles.time + interval)
    inside = np.flatnonzero(first < end)
    if not len(inside):
        return "no finer candle lies in any of the candles"
    starts = first[inside]
    for name, reduce in (("high", np.maximum), ("low", np.minimum)):
        # reduceat runs to the next start, and what lies between candles must not count.
        bounds = np.column_stack((starts, np.minimum(end[inside], len(finer) - 1))).ravel()
        reached = reduce.reduceat(getattr(finer, name), bounds)[::2]
        if end[inside[-1]] == len(finer):
            reached[-1] = reduce.reduce(getattr(finer, name)[starts[-1] :])
        differs = reached != getattr(candles, name)[inside]
        if differs.any():
            at = int(candles.time[inside[int(differs.argmax())]])
            return f"the finer candles have another {name} than the candle that opened at {at}"
    return ""
