"""Exchanges as such: what they are, what they offer, and their markets."""

from collections.abc import Sequence

import msgspec

from trading_mcp.domain.markets import Market
from trading_mcp.engine.session import Session
from trading_mcp.services.cursors import cursor, place
from trading_mcp.services.lookup import provenance_of_all, told
from trading_mcp.services.market import NO_ROUTE
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.common import OfExchange
from trading_mcp.services.shapes.market import (
    ExchangeInfoAnswer,
    MarketsAnswer,
    MarketsRequest,
    MarketTypeView,
    MarketView,
)
from trading_mcp.services.views import iso, number


class Place(msgspec.Struct, frozen=True):
    """The last market of a page."""

    symbol: str


class ExchangeService:
    """What may be asked about exchanges."""

    def __init__(self, session: Session):
        self._session = session

    @operation("market", mcp_only=NO_ROUTE)
    async def get_markets(self, request: MarketsRequest, caller: Caller) -> MarketsAnswer:
        """List an exchange's markets by name, with price and amount steps, smallest orders, fees
        and leverage. Use it to find a pair; narrow it by market_type and quote."""
        session, exchange = self._session, self._session.exchange(request.exchange).name
        found = sorted(
            (m for m in _markets_of(session, exchange) if _is_wanted(m, request)),
            key=lambda m: m.symbol,
        )
        last = place(request.cursor, Place)
        left = [m for m in found if last is None or m.symbol > last.symbol]
        page = left[: request.limit]
        return MarketsAnswer(
            **provenance_of_all(session, exchange, session.clock.now()),
            markets=[_market_view(market) for market in page],
            count=len(page),
            total=len(found),
            next_cursor=cursor(Place(page[-1].symbol)) if len(left) > len(page) else None,
        )

    @operation("market", mcp_only=NO_ROUTE)
    async def get_exchange_info(self, request: OfExchange, caller: Caller) -> ExchangeInfoAnswer:
        """Return an exchange's status, time, the market data and intervals it offers, and its
        market types with fees. For the markets themselves use get_markets."""
        session, exchange = self._session, self._session.exchange(request.exchange)
        info = await told(session, exchange.name, exchange.data.info())
        markets = _markets_of(session, exchange.name)
        return ExchangeInfoAnswer(
            **provenance_of_all(session, exchange.name, info.at),
            status=info.status,
            server_time=iso(info.at),
            offers=list(info.offers),
            intervals=list(info.intervals),
            quotes=sorted({market.quote for market in markets}),
            market_types=_market_types(markets),
            requests_per_minute=info.requests_per_minute,
        )


def _markets_of(session: Session, exchange: str) -> list[Market]:
    return [m for m in session.core.markets.values() if m.exchange == exchange]


def _is_wanted(market: Market, request: MarketsRequest) -> bool:
    right_type = request.market_type in (None, market.type)
    return right_type and (request.quote is None or market.quote == request.quote.upper())


def _market_view(market: Market) -> MarketView:
    return MarketView(
        pair=market.symbol,
        market_type=market.type,
        base=market.base,
        quote=market.quote,
        tick_size=number(market.tick),
        step_size=number(market.step),
        min_amount=number(market.min_amount),
        min_notional=number(market.min_notional),
        maker_fee_percent=number(market.maker_fee * 100),
        taker_fee_percent=number(market.taker_fee * 100),
        max_leverage=market.max_leverage,
    )


def _market_types(markets: Sequence[Market]) -> list[MarketTypeView]:
    views = []
    for kind in sorted({market.type for market in markets}):
        those = [market for market in markets if market.type == kind]
        views.append(
            MarketTypeView(
                market_type=kind,
                markets=len(those),
                maker_fee_percent=number(max(m.maker_fee for m in those) * 100),
                taker_fee_percent=number(max(m.taker_fee for m in those) * 100),
                max_leverage=max(m.max_leverage for m in those),
            )
        )
    return views
