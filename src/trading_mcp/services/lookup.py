"""Finding what a request names: its market, its candles, and where they come from."""

import asyncio
import difflib
from collections.abc import Awaitable
from typing import Any, Protocol, TypeVar

import structlog

from trading_mcp.domain.candles import INTERVALS, Candles
from trading_mcp.domain.errors import ExchangeError, InvalidParameter, TradingError
from trading_mcp.domain.markets import Market, MarketType, market_key
from trading_mcp.domain.quotes import NotOffered
from trading_mcp.engine.session import Session
from trading_mcp.services.views import iso, symbol_from

log = structlog.get_logger(__name__)
T = TypeVar("T")
_MOST_NAMED = 10
_LONGEST_REASON = 200


class NamesPair(Protocol):
    """What every request about one market says."""

    @property
    def exchange(self) -> str | None:
        """The exchange's name; None: the default."""

    @property
    def pair(self) -> str:
        """As the caller wrote it."""


class NamesMarket(NamesPair, Protocol):
    """What a request says that may be about a pair's spot market or its perpetual."""

    @property
    def market_type(self) -> MarketType | None:
        """Spot or perpetual, if the caller said."""


def market_of(session: Session, request: NamesMarket) -> Market:
    """Return the market that *request* names. Raises InvalidParameter."""
    return market_named(session, request.exchange, request.pair, request.market_type)


def perpetual_of(session: Session, request: NamesPair) -> Market:
    """Return the perpetual of the pair that *request* names. Raises InvalidParameter."""
    return market_named(session, request.exchange, request.pair, "perpetual")


def market_named(
    session: Session,
    exchange: str | None,
    pair: str,
    market_type: MarketType | None = None,
    *,
    field: str = "pair",
) -> Market:
    """Return a market by its names. Raises InvalidParameter about *field*, with what there is."""
    name = session.exchange(exchange).name
    symbol = symbol_from(pair, market_type, field)
    market = session.core.markets.get(market_key(name, symbol))
    if market is None:
        raise _unknown_market(session, name, symbol, field)
    return market


def _unknown_market(session: Session, exchange: str, symbol: str, field: str) -> InvalidParameter:
    there = [m.symbol for m in session.core.markets.values() if m.exchange == exchange]
    near = difflib.get_close_matches(symbol, there, _MOST_NAMED, cutoff=0.0)
    return InvalidParameter(
        f"{field}: {symbol} is not a market of {exchange}, which has {len(there)}, "
        f"such as {', '.join(near[:3])}",
        hint="get_markets lists them all.",
        field=field,
        found=symbol,
        exchange=exchange,
        known=near,
    )


def must_be_interval(interval: str) -> int:
    """Return the length of *interval* in milliseconds. Raises InvalidParameter."""
    if interval not in INTERVALS:
        raise InvalidParameter(
            f"interval: unknown interval {interval[:20]!r}; known: {', '.join(INTERVALS)}",
            field="interval",
            found=interval[:20],
            known=list(INTERVALS),
        )
    return INTERVALS[interval]


def provenance(session: Session, market: Market, at: int) -> dict[str, Any]:
    """Return the fields of an `OfMarket` answer whose data is of *at* (UTC ms)."""
    return {"pair": market.symbol, **provenance_of_all(session, market.exchange, at)}


def provenance_of_all(session: Session, exchange: str, at: int) -> dict[str, Any]:
    """Return the fields of an `OfWholeExchange` answer whose data is of *at* (UTC ms)."""
    return {
        "exchange": exchange,
        "timestamp": iso(at),
        "source": session.exchanges[exchange].source,
        "age_ms": float(max(session.clock.now() - at, 0)),
    }


async def told(session: Session, name: str, answer: Awaitable[T]) -> T:
    """Wait for *answer*, which the exchange *name* owes us, as long as an order would wait.

    Raises:
        InvalidParameter: the exchange has no such data.
        ExchangeError: it failed, or did not answer in time.
    """
    try:
        async with asyncio.timeout(session.settings.order_timeout_ms / 1000):
            return await answer
    except TradingError:
        raise
    except NotOffered as lack:
        raise InvalidParameter(
            f"exchange: {name} does not offer {lack.what}",
            hint="get_exchange_info says what it offers.",
            field="exchange",
            exchange=name,
        ) from None
    except TimeoutError:
        raise ExchangeError(f"{name} did not answer in time", exchange=name) from None
    except Exception as error:  # the boundary: whatever an adapter raised, the exchange failed
        log.warning("exchange_failed", exchange=name, exc_info=error)
        reason = f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
        raise ExchangeError(f"{name} failed ({reason})", exchange=name) from error


async def closed_candles(
    session: Session, market: Market, interval: str, limit: int, end: int | None = None
) -> Candles:
    """Return the *limit* newest closed candles of *market* that opened before *end* (UTC ms; now).

    Raises:
        InvalidParameter: an interval that is unknown, or that the exchange does not have.
        ExchangeError: the exchange failed, or did not answer in time.
    """
    must_be_interval(interval)
    data = session.exchanges[market.exchange].data
    asked = data.candles(market.symbol, interval, limit=limit, end=end)
    return await told(session, market.exchange, asked)
