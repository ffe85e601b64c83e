"""A market's candles as indicators need them: sound, long enough, and with where they are from."""

import asyncio
import importlib
import math
import sys
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
import numpy as np

from trading_mcp.domain.candles import INTERVALS, Candles, Column, interval_ms
from trading_mcp.domain.errors import ExchangeError, InvalidParameter, MarketClosed
from trading_mcp.domain.markets import Market
from trading_mcp.engine.session import Session
from trading_mcp.services.lookup import NamesMarket, closed_candles, market_of, provenance

_HIGHEST_PRICE = 1e15
_TALIB = "trading_mcp.indicators.series"


class AsksForChart(NamesMarket, Protocol):
    """What every request about a market's candles says."""

    @property
    def interval(self) -> str:
        """As the caller wrote it."""

    @property
    def limit(self) -> int:
        """How many of the last candles the answer is about."""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Closed candles, the last *shown* of which an answer is about.

    *told* holds the fields of a `ChartAnswer`.
    """

    candles: Candles
    shown: int
    told: dict[str, Any]

    @property
    def last_close(self) -> float:
        """The newest price."""
        return float(self.candles.close[-1])

    def values(self, column: Column) -> list[float | None]:
        """Return what is shown of *column*, which is as long as the candles; None for NaN."""
        return [v if math.isfinite(v) else None for v in column[-self.shown :].tolist()]

    def numbers(self, column: Column) -> list[float]:
        """Return what is shown of a *column* that has a number there for every market."""
        shown: list[float] = column[-self.shown :].tolist()
        return shown


async def chart_for(
    session: Session, request: AsksForChart, *, first: int, settled: int, by: str = "interval"
) -> Chart:
    """Return the candles that *request* asks for, with enough before them.

    *first* is how many candles the first value takes; *settled* after how many a value no longer
    tells where its history began. So many are read before the first that is shown, as far as the
    market is that old. *by* is the parameter that says how many are needed.

    Raises:
        InvalidParameter: no such market or interval, or fewer than *first* candles.
        MarketClosed: no closed candle at all.
        ExchangeError: the exchange failed, or gave candles that are no prices.
    """
    market = market_of(session, request)
    wanted = request.limit + max(first, settled) - 1
    candles = await sound_candles(session, market, request.interval, wanted)
    if len(candles) < first:
        raise _too_few(market, request.interval, len(candles), first, by)
    return Chart(
        candles=candles,
        shown=min(request.limit, len(candles) - first + 1),
        told={
            **provenance(session, market, closed_at(candles, request.interval)),
            "interval": request.interval,
            "missing_candles": _missing(candles, request.interval),
        },
    )


async def sound_candles(session: Session, market: Market, interval: str, limit: int) -> Candles:
    """Return at most *limit* of the newest closed candles, all of them prices.

    TA-Lib is loaded when this returns. Raises InvalidParameter, ExchangeError.
    """
    candles = await closed_candles(session, market, interval, limit)
    prices = np.stack((candles.open, candles.high, candles.low, candles.close))
    if not ((prices > 0) & (prices < _HIGHEST_PRICE)).all():  # NaN is neither
        raise ExchangeError(
            f"{market.exchange} gave {interval} candles of {market.symbol} that are no prices",
            exchange=market.exchange,
        )
    if _TALIB not in sys.modules:
        # Importing it takes half a second: not on the event loop.
        await asyncio.to_thread(importlib.import_module, _TALIB)
    return candles


def timeframes_named(names: Sequence[str]) -> list[str]:
    """Return each of *names* once, in their order. Raises InvalidParameter for an unknown one."""
    for name in names:
        if name not in INTERVALS:
            raise InvalidParameter(
                f"timeframes: unknown interval {name[:20]!r}; known: {', '.join(INTERVALS)}",
                field="timeframes",
                found=name[:20],
                known=list(INTERVALS),
            )
    return list(dict.fromkeys(names))


def closed_at(candles: Candles, interval: str) -> int:
    """Return when the last of *candles* closed (UTC ms)."""
    return int(candles.time[-1]) + interval_ms(interval)


def no_candles(market: Market, interval: str) -> MarketClosed:
    """Return the error that says that nothing has traded so far."""
    return MarketClosed(
        f"{market.symbol} has no closed {interval} candle yet",
        hint="Ask for a shorter interval, or later.",
    )


def _too_few(
    market: Market, interval: str, available: int, needed: int, by: str
) -> InvalidParameter | MarketClosed:
    if not available:
        return no_candles(market, interval)
    smaller = f"with a smaller {by}, " if by != "interval" else ""
    return InvalidParameter(
        f"{by}: {needed} closed {interval} candles are needed, and {market.symbol} has "
        f"{available} so far",
        hint=f"Ask {smaller}on a shorter interval, or later.",
        field=by,
        needed=needed,
        available=available,
    )


def _missing(candles: Candles, interval: str) -> int:
    spanned = (int(candles.time[-1]) - int(candles.time[0])) // interval_ms(interval) + 1
    return spanned - len(candles)
