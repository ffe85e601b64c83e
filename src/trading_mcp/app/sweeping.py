"""Cancelling at the exchanges themselves, for a server that is stuck."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trading_mcp.adapters.ccxt.account_keys import keys_of
from trading_mcp.adapters.ccxt.keys import Keys
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.config import Config
from trading_mcp.domain.markets import PERPETUAL_SUFFIX
from trading_mcp.domain.quotes import NotOffered
from trading_mcp.domain.reports import KeysRefused, OrderReport
from trading_mcp.ports import Clock, Venue

if TYPE_CHECKING:
    from trading_mcp.adapters.ccxt.venue import CcxtVenue

ROUNDS = 3
"""How often what is still open is cancelled again: an order may have been on its way."""
_TIMEOUT_S = 10.0
_PATIENCE_S = (10.0, 20.0)
"""How long each attempt to reach an exchange may take: the second helps where we were slow."""


class NotSwept(Exception):
    """Orders may be open at an exchange still."""


def live_exchanges(config: Config) -> dict[str, ExchangeSettings]:
    """Return the exchanges at which real orders may be open."""
    real = config.exchanges.real.items()
    return {name: settings for name, settings in real if settings.mode == "live"}


async def sweep(
    name: str,
    settings: ExchangeSettings,
    data_dir: Path,
    *,
    environ: Mapping[str, str],
    clock: Clock,
    stops_too: bool,
) -> AsyncIterator[str]:
    """Cancel every open order of the account, ours or not; say what came of it.

    Stops that protect a position stay, unless *stops_too*.

    Raises:
        NotSwept: some are open still, or nobody knows.
    """
    try:
        # Seconds on a busy machine, which are ours: before any clock runs for the exchange.
        await asyncio.to_thread(importlib.import_module, "ccxt.pro")
        keys = await asyncio.to_thread(keys_of, name, settings, data_dir, environ)
        if keys is None:
            raise KeysRefused("there are no keys")
        venue = await _reached(name, settings, keys, clock)
    except Exception as error:  # keys, network, exchange: whatever it is, nothing was cancelled
        raise NotSwept(f"NOTHING WAS CANCELLED: {_told(error)}") from None
    try:
        async for told in _swept(venue, stops_too=stops_too):
            yield told
    finally:
        await venue.close()


async def _reached(name: str, settings: ExchangeSettings, keys: Keys, clock: Clock) -> "CcxtVenue":
    """Open the account; what fails for another reason than a refusal is tried once more."""
    first, second = _PATIENCE_S
    try:
        return await _opened(name, settings, keys, clock, first)
    except (KeysRefused, NotOffered):
        raise
    except Exception:  # network, exchange, or this machine too busy: the second answer counts
        return await _opened(name, settings, keys, clock, second)


async def _opened(
    name: str, settings: ExchangeSettings, keys: Keys, clock: Clock, within_s: float
) -> "CcxtVenue":
    from trading_mcp.adapters.ccxt.live import open_venue

    try:
        async with asyncio.timeout(within_s):
            return await open_venue(name, settings, keys, clock=clock)
    except TimeoutError:
        raise TimeoutError(
            f"{name} could not be reached within {within_s:g} s, in either of two attempts"
        ) from None


async def _swept(venue: Venue, *, stops_too: bool) -> AsyncIterator[str]:
    cancelled: set[str] = set()
    for rounds_left in range(ROUNDS, -1, -1):
        found = await _open(venue)
        doomed = [order for order in found if stops_too or not protects(order)]
        if not doomed:
            yield f"{len(cancelled)} orders cancelled; none is open{_stops(len(found))}"
            return
        if rounds_left == 0:
            left = ", ".join(f"{order.symbol} {order.venue_id}" for order in doomed)
            raise NotSwept(f"STILL OPEN after {ROUNDS} rounds: {left}")
        for order in doomed:
            if (failure := await _cancelled(venue, order)) is not None:
                yield f"{order.symbol} {order.venue_id}: not cancelled: {failure}"
            cancelled.add(order.venue_id)


async def _open(venue: Venue) -> Sequence[OrderReport]:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            return await venue.open_orders()
    except Exception as error:  # whatever the exchange or the network raises
        raise NotSwept(f"NOT KNOWN what is open: {_told(error)}") from None


async def _cancelled(venue: Venue, order: OrderReport) -> str | None:
    """Cancel one order; return what went wrong, if anything did: the next round asks again."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await venue.cancel(order.symbol, order.client_id)
    except Exception as error:  # as above
        return _told(error)
    return None


def protects(order: OrderReport) -> bool:
    """Say whether *order* is a stop that can only make a position smaller."""
    terms = order.terms
    if terms is None or terms.type != "stop":
        return False
    spot = not order.symbol.endswith(PERPETUAL_SUFFIX)
    return terms.reduce_only or (spot and terms.side == "sell")


def _stops(count: int) -> str:
    return f" but {count} protective stops, which stay (--all cancels them)" if count else ""


def _told(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return str(error) or f"no answer within {_TIMEOUT_S:g} s"
    return str(error)[:200] or type(error).__name__
