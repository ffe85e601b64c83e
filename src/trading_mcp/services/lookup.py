"""Finding what a request names: its market, its candles, and where they come from."""

from typing import Any, Protocol

from trading_mcp.domain.candles import Candles, interval_ms
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.markets import Market, MarketType
from trading_mcp.engine.session import Session
from trading_mcp.services.views import iso, symbol_from


class NamesMarket(Protocol):
    """What every request about one market says."""

    @property
    def exchange(self) -> str | None:
        """The exchange's name; None: the default."""

    @property
    def pair(self) -> str:
        """As the caller wrote it."""

    @property
    def market_type(self) -> MarketType | None:
        """Spot or perpetual, if the caller said."""


def market_of(session: Session, request: NamesMarket) -> Market:
    """Return the market that *request* names. Raises InvalidParameter."""
    exchange = session.exchange(request.exchange).name
    return session.market(exchange, symbol_from(request.pair, request.market_type))


def provenance(session: Session, market: Market, at: int) -> dict[str, Any]:
    """Return the fields of an `OfMarket` answer whose data is of *at* (UTC ms)."""
    now = session.clock.now()
    return {
        "exchange": market.exchange,
        "pair": market.symbol,
        "timestamp": iso(at),
        "source": session.exchanges[market.exchange].source,
        "age_ms": float(max(now - at, 0)),
    }


async def closed_candles(session: Session, market: Market, interval: str, limit: int) -> Candles:
    """Return the *limit* newest closed candles of *market*. Raises InvalidParameter."""
    try:
        interval_ms(interval)
    except ValueError as error:
        raise InvalidParameter(f"interval: {error}", field="interval") from None
    data = session.exchanges[market.exchange].data
    return await data.candles(market.symbol, interval, limit=limit)
