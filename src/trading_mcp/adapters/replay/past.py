"""What is played: a market's candles, and what an order in it costs."""

from decimal import Decimal

import msgspec
import numpy as np

from trading_mcp.domain.candles import Candle, Candles
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import down_to, exact, up_to
from trading_mcp.rules.costs import paid_price


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """One market's candles of *interval* ms, without a gap; those before row *first* came before.

    A market order pays *slippage* and half of *spread* (fractions) more than the candle says.
    """

    market: Market
    interval: int
    candles: Candles
    first: int = 0
    slippage: float = 0.0
    spread: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.first < len(self.candles):
            raise ValueError("there are no candles to play")
        if (np.diff(self.candles.time) != self.interval).any():
            raise ValueError(f"the candles of {self.market.symbol} have a gap: fill it first")

    @property
    def begins(self) -> int:
        """When the first candle opens that is played, UTC ms."""
        return int(self.candles.time[self.first])

    def row_at(self, at: int) -> int | None:
        """Return the row of the candle that opens *at* (UTC ms), if one is played."""
        row = (at - int(self.candles.time[0])) // self.interval
        return row if self.first <= row < len(self.candles) else None

    def candle(self, row: int) -> Candle:
        """Return one candle."""
        return self.candles.row(row)

    def after(self, row: int) -> float:
        """Return the price at which the candle after *row* opens; at the end, the last close."""
        candles = self.candles
        last = row + 1 == len(candles)
        return float(candles.close[row] if last else candles.open[row + 1])

    def paid(self, sign: int, price: float) -> Decimal:
        """Return what a market order pays where candles say *price*; *sign* is 1 for a buy."""
        paid = exact(paid_price(sign, price, self.spread, self.slippage))
        tick = self.market.tick
        return up_to(paid, tick) if sign > 0 else down_to(paid, tick)
