"""What is run over: one market's candles, what was wished for after each, and its settlements."""

import msgspec
import numpy as np

from trading_mcp.backtest.kernel.layout import Whole
from trading_mcp.backtest.terms import Ground
from trading_mcp.domain.candles import Candles, Column
from trading_mcp.domain.signals import Signals
from trading_mcp.domain.times import iso


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


def misfit(candles: Candles, finer: Candles, interval: int) -> str:
    """Say what keeps *finer* from being the inside of *candles* (*interval* ms); "": nothing.

    Where a candle has some, they must together reach its high and its low, and no further.
    """
    first = np.searchsorted(finer.time, candles.time)
    end = np.searchsorted(finer.time, candles.time + interval)
    inside = np.flatnonzero(first < end)
    if not len(inside):
        return "no finer candle lies in any of the candles"
    for name, further in (("high", np.maximum), ("low", np.minimum)):
        # One more at the end, so that a reach may begin behind the last; every second counts.
        column = np.append(getattr(finer, name), np.nan)
        reached = further.reduceat(column, np.stack((first, end), 1)[inside].ravel())[::2]
        differs = np.flatnonzero(reached != getattr(candles, name)[inside])
        if len(differs):
            at = iso(int(candles.time[inside[differs[0]]]))
            return f"reaches another {name} than the candle that opened at {at}"
    return ""
