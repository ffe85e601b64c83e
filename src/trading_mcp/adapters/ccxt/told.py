"""A connected exchange's past as it tells it, within the budget that trading shares with it."""

from trading_mcp.adapters.ccxt.data import CcxtMarketData
from trading_mcp.domain.candles import Candles


class ToldCandles:
    """Implements `ports.PastCandles`: where nobody traded there is no candle, unlike in windows."""

    def __init__(self, data: CcxtMarketData):
        self._data = data

    async def candles(self, symbol: str, interval: str, *, limit: int, end: int) -> Candles:
        """Return the closed candles of the *limit* intervals before *end* (UTC ms)."""
        return await self._data.told_candles(symbol, interval, limit=limit, end=end)
