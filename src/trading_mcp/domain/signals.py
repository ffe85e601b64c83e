"""What a strategy wishes for."""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from trading_mcp.domain.candles import Column
from trading_mcp.domain.markets import MarketKey

Flags = NDArray[np.bool_]
Wish = Literal["enter_long", "exit_long", "enter_short", "exit_short"]
WISHES: tuple[Wish, ...] = ("exit_long", "exit_short", "enter_long", "enter_short")
"""In the order they are acted on: what leaves goes before what enters."""


class Signals(msgspec.Struct, frozen=True):
    """A strategy's answer for a run of candles: five columns as long as the candles.

    Row i says what to do once candle i has closed, knowing only candles 0..i. *strength* is how
    sure the strategy is, 0 to 1.
    """

    enter_long: Flags
    exit_long: Flags
    enter_short: Flags
    exit_short: Flags
    strength: Column


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy's wishes for one market at the closed candle that opened at *at* (UTC ms)."""

    strategy: str
    market: MarketKey
    at: int
    close: float
    strength: float
    wishes: tuple[Wish, ...]
    atr: float = 0.0
    """Average true range of the last 14 candles, in quote: what `volatility_multiplier` scales."""
