"""The simulated exchange, put together."""

import asyncio

import msgspec

from trading_mcp.adapters.simulated.account import Account
from trading_mcp.adapters.simulated.catalog import EXCHANGE, QUOTE, listed
from trading_mcp.adapters.simulated.clock import SimulatedClock
from trading_mcp.adapters.simulated.feed import SimulatedMarketData, Sleep
from trading_mcp.adapters.simulated.ledger import LedgerEntry
from trading_mcp.adapters.simulated.market import SeededMarket
from trading_mcp.adapters.simulated.mishaps import Mishaps
from trading_mcp.adapters.simulated.quotes import SimulatedQuotes
from trading_mcp.adapters.simulated.records import Records, load
from trading_mcp.adapters.simulated.settings import SimulatedSettings
from trading_mcp.adapters.simulated.venue import SimulatedVenue
from trading_mcp.domain.numbers import exact
from trading_mcp.ports import Checkpoint, Clock, Journal

MARKETS = tuple(market for _, market in listed())


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of one simulated exchange. Trading on it goes by *clock*."""

    clock: SimulatedClock
    market_data: SimulatedMarketData
    venue: SimulatedVenue


async def open_simulated(
    settings: SimulatedSettings,
    *,
    clock_base: Clock,
    journal: Journal[LedgerEntry],
    not_before: int = 0,
    sleep: Sleep = asyncio.sleep,
    checkpoint: Checkpoint = lambda step: None,
) -> Simulated:
    """Open the exchange that *journal* holds, or a new one whose account has the set balance.

    Its time goes on where it stopped, but not before the wall clock and *not_before* (UTC ms).
    What the market did to resting orders and positions meanwhile has happened on return.
    """
    state, seq = load(journal, MARKETS)
    start = max(state.passed, clock_base.wall(), not_before)
    clock = SimulatedClock(clock_base, speed=settings.speed, start=start)
    account, records = Account(EXCHANGE, MARKETS, state), Records(journal, seq)
    if seq == 0:
        await records.keep(account.deposit(QUOTE, exact(settings.balance_usdt), start), state)
    return await _opened(settings, clock, account, records, sleep, checkpoint)


async def _opened(
    settings: SimulatedSettings,
    clock: SimulatedClock,
    account: Account,
    records: Records,
    sleep: Sleep,
    checkpoint: Checkpoint,
) -> Simulated:
    market, mishaps = SeededMarket(settings.seed), Mishaps(settings.faults)
    venue = SimulatedVenue(
        account,
        records,
        quotes=SimulatedQuotes(market, clock),
        tape=market,
        clock=clock,
        latency=settings.latency_ms / 1000,
        mishaps=mishaps,
        sleep=sleep,
        checkpoint=checkpoint,
    )
    await venue.advance(clock.now())
    market_data = SimulatedMarketData(
        market,
        clock,
        interval_seconds=settings.price_interval_ms / 1000,
        mishaps=mishaps,
        on_advance=venue.advance,
        sleep=sleep,
    )
    return Simulated(clock=clock, market_data=market_data, venue=venue)
