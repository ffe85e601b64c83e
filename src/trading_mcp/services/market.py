"""Market data: prices, books, trades, and what is held open on perpetuals."""

from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from trading_mcp.domain.candles import interval_ms
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.quotes import Level
from trading_mcp.domain.times import HOUR_MS
from trading_mcp.engine.session import Session
from trading_mcp.ports import MarketData
from trading_mcp.services.lookup import (
    closed_candles,
    market_of,
    perpetual_of,
    provenance,
    told,
)
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.market import (
    CandlesAnswer,
    CandlesRequest,
    CandleView,
    FundingRateAnswer,
    LiquidationsAnswer,
    LiquidationsRequest,
    LiquidationView,
    MarketRequest,
    OpenInterestAnswer,
    OrderBookAnswer,
    OrderBookRequest,
    PerpetualRequest,
    StatsAnswer,
    TickerAnswer,
    TradesAnswer,
    TradesRequest,
    TradeView,
)
from trading_mcp.services.views import iso, milliseconds

T = TypeVar("T")
NO_ROUTE = "the reference names no route for it"


class MarketService:
    """What may be asked about markets."""

    def __init__(self, session: Session):
        self._session = session

    @operation("market", mcp_only=NO_ROUTE)
    async def get_ticker(self, request: MarketRequest, caller: Caller) -> TickerAnswer:
        """Return a market's last price, best bid and ask, and 24-hour volume, high, low and
        change. Use it for the price now; get_candles has the course."""
        market = market_of(self._session, request)
        ticker = await self._told(market, self._data(market).ticker(market.symbol))
        return TickerAnswer(
            **self._provenance(market, ticker.at),
            last=ticker.last,
            bid=ticker.bid,
            ask=ticker.ask,
            volume=ticker.volume,
            high_24h=ticker.high_24h,
            low_24h=ticker.low_24h,
            change_24h_percent=_change_percent(ticker.open_24h, ticker.last),
        )

    @operation("market", mcp_only=NO_ROUTE)
    async def get_orderbook(self, request: OrderBookRequest, caller: Caller) -> OrderBookAnswer:
        """Return a market's bids and asks as [price, amount], best first. Use it to see what an
        order would meet; get_ticker has the best prices alone."""
        market = market_of(self._session, request)
        asked = self._data(market).order_book(market.symbol, request.depth)
        book = await self._told(market, asked)
        bids, asks = book.bids[: request.depth], book.asks[: request.depth]
        spread = _gap(bids[0].price, asks[0].price) if bids and asks and asks[0].price else None
        return OrderBookAnswer(
            **self._provenance(market, book.at),
            bids=[[level.price, level.amount] for level in bids],
            asks=[[level.price, level.amount] for level in asks],
            bid_amount=_amount(bids),
            ask_amount=_amount(asks),
            spread=spread,
            spread_percent=None if spread is None else _plain(spread / asks[0].price * 100),
        )

    @operation("market", mcp_only=NO_ROUTE)
    async def get_candles(self, request: CandlesRequest, caller: Caller) -> CandlesAnswer:
        """Return a market's newest closed candles, oldest first; for older ones pass the first
        timestamp as end. Not needed for indicators: the calculate_* tools fetch their own."""
        market, interval = market_of(self._session, request), request.interval
        end = None if request.end is None else milliseconds(request.end, "end")
        candles = await closed_candles(self._session, market, interval, request.limit, end)
        closed_at = int(candles.time[-1]) + interval_ms(interval) if len(candles) else None
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
            **self._provenance(market, closed_at),
            interval=interval,
            candles=rows,
            count=len(rows),
            last_is_complete=True,
        )

    @operation("market", mcp_only=NO_ROUTE)
    async def get_trades(self, request: TradesRequest, caller: Caller) -> TradesAnswer:
        """Return a market's newest public trades, newest first; side is the taker's. For your own
        fills use get_trade_history."""
        market = market_of(self._session, request)
        asked = self._data(market).trades(market.symbol, request.limit)
        trades = (await self._told(market, asked))[-request.limit :]
        views = [
            TradeView(
                id=trade.id,
                timestamp=iso(trade.at),
                side=trade.side,
                price=trade.price,
                amount=trade.amount,
            )
            for trade in reversed(trades)
        ]
        newest = trades[-1].at if trades else None
        return TradesAnswer(**self._provenance(market, newest), trades=views, count=len(views))

    @operation("market", mcp_only=NO_ROUTE)
    async def get_24h_stats(self, request: MarketRequest, caller: Caller) -> StatsAnswer:
        """Return a market's last 24 hours: open, high, low, change, volume in base and quote, and
        the average price paid. For the price now use get_ticker."""
        market = market_of(self._session, request)
        ticker = await self._told(market, self._data(market).ticker(market.symbol))
        volume, turnover = ticker.volume, ticker.turnover
        return StatsAnswer(
            **self._provenance(market, ticker.at),
            open=ticker.open_24h,
            high=ticker.high_24h,
            low=ticker.low_24h,
            last=ticker.last,
            change=_gap(ticker.open_24h, ticker.last),
            change_percent=_change_percent(ticker.open_24h, ticker.last),
            volume=volume,
            quote_volume=None if turnover is None else round(turnover, 2),
            average_price=_plain(turnover / volume) if turnover and volume > 0 else None,
        )

    @operation("market", mcp_only=NO_ROUTE)
    async def get_funding_rate(
        self, request: PerpetualRequest, caller: Caller
    ) -> FundingRateAnswer:
        """Return the funding of a pair's perpetual: what longs pay shorts (negative: receive) at
        the next funding time, in percent of the position, and the estimate for the one after."""
        market = perpetual_of(self._session, request)
        funding = await self._told(market, self._data(market).funding_rate(market.symbol))
        expected = funding.next_rate
        return FundingRateAnswer(
            **self._provenance(market, funding.at),
            rate_percent=_plain(funding.rate * 100),
            next_rate_percent=None if expected is None else _plain(expected * 100),
            next_funding_time=iso(funding.due_at),
            interval_hours=funding.interval_ms / HOUR_MS,
            mark_price=funding.mark_price,
        )

    @operation("market", mcp_only=NO_ROUTE)
    async def get_open_interest(
        self, request: PerpetualRequest, caller: Caller
    ) -> OpenInterestAnswer:
        """Return how much of a pair's perpetual is held open by everybody, in base and in quote.
        For your own positions use get_positions."""
        market = perpetual_of(self._session, request)
        interest = await self._told(market, self._data(market).open_interest(market.symbol))
        value = interest.value
        return OpenInterestAnswer(
            **self._provenance(market, interest.at),
            open_interest=interest.amount,
            open_interest_quote=None if value is None else round(value, 2),
        )

    @operation("market", mcp_only=NO_ROUTE)
    async def get_liquidations(
        self, request: LiquidationsRequest, caller: Caller
    ) -> LiquidationsAnswer:
        """Return positions of anybody's that were closed by force on a pair's perpetual, newest
        first: longs in falls, shorts in rises. None means that there were none of late."""
        market = perpetual_of(self._session, request)
        asked = self._data(market).liquidations(market.symbol, request.limit)
        found = (await self._told(market, asked))[-request.limit :]
        views = [
            LiquidationView(
                id=one.id,
                timestamp=iso(one.at),
                side=one.side,
                price=one.price,
                amount=one.amount,
                value=round(one.price * one.amount, 2),
            )
            for one in reversed(found)
        ]
        return LiquidationsAnswer(
            **self._provenance(market, None), liquidations=views, count=len(views)
        )

    def _data(self, market: Market) -> MarketData:
        return self._session.exchanges[market.exchange].data

    async def _told(self, market: Market, answer: Awaitable[T]) -> T:
        return await told(self._session, market.exchange, answer)

    def _provenance(self, market: Market, at: int | None) -> dict[str, Any]:
        """Return where data of *at* (UTC ms; None: as of now) is from."""
        return provenance(self._session, market, self._session.clock.now() if at is None else at)


def _plain(value: float) -> float:
    """Return *value* without the digits that binary fractions leave behind."""
    return float(f"{value:.12g}")


def _gap(before: float, now: float) -> float:
    """Return the difference of two prices, as exact as they are."""
    return float(exact(now) - exact(before))


def _change_percent(before: float, now: float) -> float:
    return _plain((now / before - 1) * 100) if before > 0 else 0.0


def _amount(levels: Sequence[Level]) -> float:
    return _plain(sum(level.amount for level in levels))
