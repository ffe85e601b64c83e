"""Market data: prices, books, trades, and what an exchange offers."""

from trading_mcp.domain.candles import interval_ms
from trading_mcp.engine.session import Session
from trading_mcp.services.lookup import closed_candles, market_of, provenance
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.market import (
    CandlesAnswer,
    CandlesRequest,
    CandleView,
    MarketRequest,
    TickerAnswer,
)
from trading_mcp.services.views import iso


class MarketService:
    """What may be asked about markets."""

    def __init__(self, session: Session):
        self._session = session

    @operation("market")
    async def get_ticker(self, request: MarketRequest, caller: Caller) -> TickerAnswer:
        """Return a market's last price, best bid and ask, and 24-hour volume, high, low and
        change. Use it for the price now; get_candles has the course."""
        market = market_of(self._session, request)
        ticker = await self._session.exchanges[market.exchange].data.ticker(market.symbol)
        change = (ticker.last / ticker.open_24h - 1) * 100 if ticker.open_24h > 0 else 0.0
        return TickerAnswer(
            **provenance(self._session, market, ticker.at),
            last=ticker.last,
            bid=ticker.bid,
            ask=ticker.ask,
            volume=ticker.volume,
            high_24h=ticker.high_24h,
            low_24h=ticker.low_24h,
            change_24h_percent=change,
        )

    @operation("market")
    async def get_candles(self, request: CandlesRequest, caller: Caller) -> CandlesAnswer:
        """Return a market's newest closed candles, oldest first, at most 1,000. Use it to look
        at the course; for indicators use the calculate_* tools, which need no candles passed."""
        market = market_of(self._session, request)
        candles = await closed_candles(self._session, market, request.interval, request.limit)
        closed_at = int(candles.time[-1]) + interval_ms(request.interval) if len(candles) else 0
        rows = [
            CandleView(
                timestamp=iso(row.opened_at),
                open=row.open,
                high=row.high,
                low=row.low,
                close=row.close,
                volume=row.volume,
            )
            for row in candles.rows()
        ]
        return CandlesAnswer(
            **provenance(self._session, market, closed_at or self._session.clock.now()),
            interval=request.interval,
            candles=rows,
            count=len(rows),
            last_is_complete=True,
        )
