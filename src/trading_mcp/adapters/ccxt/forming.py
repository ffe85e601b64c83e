"""Candles as they form, by the trades that were heard and by what the exchange says of them."""

from typing import NamedTuple

from trading_mcp.adapters.ccxt.candles import spans
from trading_mcp.domain.candles import Candle
from trading_mcp.domain.quotes import PublicTrade

_SAME = 1e-6
"""Two sums of the same amounts differ by less, relatively."""
_KEPT = 4
"""How many candles may be open at once: a late trade belongs to an earlier one."""


class Opinion(NamedTuple):
    """What was heard of a closed candle: *certain* says whether that is all there is."""

    candle: Candle | None
    certain: bool


class Forming:
    """One market's open candles of *length* (ms)."""

    def __init__(self, length: int, *, is_told: bool):
        self._length, self._is_told = length, is_told
        self._traded: dict[int, Candle] = {}
        self._told: dict[int, Candle] = {}

    def trade(self, trade: PublicTrade) -> None:
        """Take in a trade."""
        opened_at, paid = trade.at // self._length * self._length, trade.price
        row = self._traded.get(opened_at)
        if row is None:
            self._traded[opened_at] = Candle(opened_at, paid, paid, paid, paid, trade.amount)
            _keep_newest(self._traded)
            return
        high, low = max(row.high, paid), min(row.low, paid)
        volume = row.volume + trade.amount
        self._traded[opened_at] = Candle(opened_at, row.open, high, low, paid, volume)

    def tell(self, candle: Candle) -> None:
        """Take in what the exchange says of a candle so far."""
        self._told[candle.opened_at] = candle
        _keep_newest(self._told)

    def opinion(self, opened_at: int) -> Opinion:
        """Return what is known of the candle that opened then, if no trade was missed.

        Where the exchange tells candles, theirs counts, as soon as it agrees with the trades.
        """
        traded, told = self._traded.get(opened_at), self._told.get(opened_at)
        if traded is None or not self._is_told:
            return Opinion(traded, traded is not None)
        agreed = told is not None and agree(traded, told)
        return Opinion(told if agreed else traded, agreed)


def agree(traded: Candle, told: Candle) -> bool:
    """Say whether a candle as *told* has all that was *traded*."""
    enough = told.volume >= traded.volume * (1 - _SAME)
    return enough and told.close == traded.close and spans(told, traded)


def _keep_newest(rows: dict[int, Candle]) -> None:
    while len(rows) > _KEPT:
        del rows[min(rows)]
