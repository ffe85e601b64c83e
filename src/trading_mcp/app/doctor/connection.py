"""The public side of a real exchange: does it answer, in time, with our pairs and a stream?"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol

from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.app.doctor.findings import Finding, fail, ok, warn
from trading_mcp.app.doctor.minimums import minimums
from trading_mcp.app.telling import told_of
from trading_mcp.config import Config
from trading_mcp.domain.markets import Market, symbol_of
from trading_mcp.domain.quotes import PriceMove
from trading_mcp.ports import Clock, MarketData

WARN_S, FAIL_S = 1.0, 3.0
"""Exchanges refuse requests whose time is off by five seconds; the way there takes some."""


class PublicSide(MarketData, Protocol):
    """What the checks need of an exchange that is joined through ccxt."""

    async def clock_skew_ms(self) -> float | None:
        """Return the exchange's time minus ours, None where it does not tell it."""
        ...

    async def close(self) -> None:
        """Hang up."""
        ...


async def connection(
    name: str,
    settings: ExchangeSettings,
    config: Config,
    *,
    equity: float | None,
    clock: Clock,
    timeout_s: float,
) -> AsyncIterator[Finding]:
    """Ask the exchange what anybody may ask it. Each question may take *timeout_s*."""
    from trading_mcp.adapters.ccxt.build import open_market_data

    where, began = f"exchanges.{name}", clock.monotonic()
    try:
        async with asyncio.timeout(timeout_s):
            data: PublicSide = await open_market_data(name, settings, clock=clock)
    except Exception as error:  # whatever ccxt or the network raises: it is told, and no more
        yield _unreachable(where, settings, error)
        return
    yield ok(f"{where}.rest", f"answers; its markets took {clock.monotonic() - began:.1f} s")
    try:
        async for finding in _asked(where, name, data, config, equity, timeout_s):
            yield finding
    finally:
        await data.close()


async def _asked(
    where: str,
    name: str,
    data: PublicSide,
    config: Config,
    equity: float | None,
    timeout_s: float,
) -> AsyncIterator[Finding]:
    markets = {market.symbol: market for market in await data.markets()}
    traded = config.scalping.exchange == name
    symbols = [symbol_of(pair) for pair in config.scalping.pairs] if traded else []
    there = [markets[symbol] for symbol in symbols if symbol in markets]
    yield await skew(where, data, timeout_s)
    yield listed(where, symbols, markets.keys())
    for market in there:
        async for finding in _reached(market, data, config, equity, timeout_s):
            yield finding
    if first := next(iter(there or markets.values()), None):
        yield await stream(where, first, data, config.scalping.interval, timeout_s)


async def skew(where: str, data: PublicSide, timeout_s: float) -> Finding:
    """Compare the exchange's clock with ours."""
    check = f"{where}.clock"
    try:
        async with asyncio.timeout(timeout_s):
            told = await data.clock_skew_ms()
    except Exception as error:  # as above
        return warn(check, f"its time cannot be asked for: {told_of(error)}", do="try again")
    if told is None:
        return ok(check, "the exchange does not tell its time")
    ahead = told / 1000
    found = (
        f"the exchange's clock is {abs(ahead):.2f} s {'ahead of' if ahead > 0 else 'behind'} ours"
    )
    do = "set this machine's clock (NTP): requests whose time is off are refused"
    if abs(ahead) > FAIL_S:
        return fail(check, found, expected=f"{WARN_S:g} s at most", do=do)
    if abs(ahead) > WARN_S:
        return warn(check, found, expected=f"{WARN_S:g} s at most", do=do)
    return ok(check, found)


def listed(where: str, symbols: Sequence[str], known: Collection[str]) -> Finding:
    """Say whether the exchange trades all of *symbols*."""
    check = f"{where}.markets"
    missing = [symbol for symbol in symbols if symbol not in known]
    if missing:
        return fail(
            check,
            f"not there, or not traded now: {', '.join(missing)} ({len(known)} markets are)",
            expected="markets of this exchange",
            do=f"correct scalping.pairs, or {where}.market_types and .quotes",
        )
    return ok(check, f"{len(known)} markets; {', '.join(symbols) or 'no pair is configured here'}")


async def _reached(
    market: Market, data: PublicSide, config: Config, equity: float | None, timeout_s: float
) -> AsyncIterator[Finding]:
    try:
        async with asyncio.timeout(timeout_s):
            ticker = await data.ticker(market.symbol)
    except Exception as error:  # as above
        check = f"exchanges.{market.exchange}.minimums.{market.symbol}"
        yield warn(check, f"no price: {told_of(error)}", do="try again, or take the pair out")
        return
    for finding in minimums(market, ticker.last, config, equity):
        yield finding


async def stream(
    where: str, market: Market, data: PublicSide, interval: str, timeout_s: float
) -> Finding:
    """Wait for the first price over the stream."""
    check = f"{where}.stream"
    data.watch(market.symbol)
    try:
        async with asyncio.timeout(timeout_s):
            async for event in data.events(interval):
                if isinstance(event, PriceMove):
                    return ok(check, f"{market.symbol}: bid {event.bid:g}, ask {event.ask:g}")
    except Exception as error:  # as above
        return fail(check, f"no price of {market.symbol}: {told_of(error)}", do=_STREAM)
    return fail(check, f"it ended without a price of {market.symbol}", do=_STREAM)


_STREAM = "let WebSocket connections out (wss); a proxy that only passes HTTP is not enough"


def _unreachable(where: str, settings: ExchangeSettings, error: Exception) -> Finding:
    address = settings.base_url or "its own address"
    return fail(
        f"{where}.rest",
        f"does not answer at {address}: {told_of(error)}",
        expected="an answer to a question that anybody may ask",
        do=f"look at the network, at the exchange's status page, and at {where}.base_url",
    )
