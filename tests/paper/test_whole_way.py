"""The whole way: a KuCoin on this machine, real ccxt, its market data, and an account on paper."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from paper_market import HOUR, PERP, SPOT, approved

from trading_mcp.adapters.ccxt.build import open_market_data
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.adapters.simulated.ledger import LedgerEntry
from trading_mcp.adapters.simulated.shadow import open_shadow
from trading_mcp.adapters.simulated.shadow_data import ShadowMarketData
from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.domain.orders import Fill
from trading_mcp.domain.quotes import NoQuote, PriceMove
from trading_mcp.domain.reports import MARKET_CLOSED, FundingPaid, VenueRefused
from trading_mcp.testkit.kucoin import LoopbackSettings, loopback_kucoin

pytestmark = pytest.mark.slow
WITHIN_S = 20
Levels = list[tuple[float, float]]
LOOPBACK = LoopbackSettings(manual=True, prices={SPOT: 60_000, PERP: 60_000}, symbols=(SPOT, PERP))


class LaterClock:
    """The system's clock, and how far ahead of it we are."""

    def __init__(self) -> None:
        self._system, self.ahead_ms = SystemClock(), 0

    def now(self) -> int:
        return self.wall()

    def wall(self) -> int:
        return self._system.wall() + self.ahead_ms

    def monotonic(self) -> float:
        return self._system.monotonic()


class Rig:
    """A paper account on the loopback's prices, with somebody who reads them."""

    def __init__(self, loopback: Any, path: Path) -> None:
        self.loopback, self.path, self.heard = loopback, path, asyncio.Event()
        self.clock = LaterClock()

    async def open(self) -> None:
        settings = ExchangeSettings(base_url=self.loopback.base_url)
        self._ccxt = await open_market_data("kucoin", settings, clock=self.clock)
        self.journal: SqliteJournal[LedgerEntry] = SqliteJournal(self.path, LedgerEntry)
        self.venue = await open_shadow(
            "kucoin",
            await self._ccxt.markets(),
            quotes=self._ccxt.quotes,
            tape=self._ccxt,
            clock=self.clock,
            journal=self.journal,
            balance=50_000,
            latency_ms=20,
            recall=self._ccxt.recall,
        )
        self.feed = ShadowMarketData(self._ccxt, self.venue)
        self.reports, self._told = self.venue.reports(), set[str]()
        self._reading = asyncio.create_task(self._read())

    async def sleep(self, ms: int) -> None:
        """Be away for so long."""
        await self.close()
        self.clock.ahead_ms += ms
        self.loopback.clock.skew_ms += ms
        await self.open()

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self.journal.close()
        await self._ccxt.close()

    async def show(self, symbol: str, bids: Levels, asks: Levels) -> None:
        """Let the exchange show a book, and wait until it and the market's price are known."""
        async with asyncio.timeout(WITHIN_S):
            for turn in itertools.count(1):
                # A book in which nothing changes far away either is no book of a live market.
                far = [(bids[-1][0] - 100, turn)]
                self.loopback.book(symbol, bids=[*bids, *far], asks=asks)
                if self._best_ask(symbol) == asks[0][0] and symbol in self._told:
                    return
                self.heard.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.heard.wait(), 0.2)

    async def next_fill(self) -> Fill:
        async with asyncio.timeout(WITHIN_S):
            while not isinstance(report := await anext(self.reports), Fill):
                pass
        return report

    def _best_ask(self, symbol: str) -> float | None:
        try:
            return float(self._ccxt.quotes.depth(symbol).asks[0].price)
        except NoQuote:
            return None

    async def _read(self) -> None:
        async for event in self.feed.events("1m"):
            if isinstance(event, PriceMove):
                self._told.add(event.market.partition(":")[2])
                self.heard.set()


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with loopback_kucoin(LOOPBACK) as loopback:
        rig = Rig(loopback, tmp_path / "kucoin.sqlite")
        await rig.open()
        yield rig
        await rig.close()


async def test_orders_trade_on_the_exchange_s_prices_and_not_one_request_is_private(
    rig: Rig,
) -> None:
    loopback, venue = rig.loopback, rig.venue
    with pytest.raises(VenueRefused) as refused:
        await venue.submit(approved("early", amount="0.1"))
    rig.feed.watch(SPOT)
    await rig.show(SPOT, bids=[(59_999, 1), (59_998, 1)], asks=[(60_001, 0.05), (60_003, 2)])

    await venue.submit(approved("in", amount="0.1"))
    await venue.submit(approved("rests", "sell", "0.1", price=60_500))
    taken = [(f.amount, f.price) for f in await venue.fills(SPOT, "in")]
    first, second = await rig.next_fill(), await rig.next_fill()
    loopback.price(SPOT, 60_600, volume=3)
    sold = await rig.next_fill()

    assert refused.value.code == MARKET_CLOSED
    half = Decimal("0.05")
    assert taken == [(half, 60_001), (half, 60_003)]
    assert [(f.amount, f.price) for f in (first, second)] == taken
    assert (sold.price, sold.amount, sold.maker) == (60_500, Decimal("0.1"), True)
    market = next(m for m in await rig.feed.markets() if m.symbol == SPOT)
    assert first.fee == first.value * market.taker_fee
    assert loopback.ledger()["private_requests"] == 0


async def test_a_perpetual_s_stop_is_reached_by_the_exchange_s_trades(rig: Rig) -> None:
    loopback, venue = rig.loopback, rig.venue
    rig.feed.watch(PERP)
    await rig.show(PERP, bids=[(59_999, 5)], asks=[(60_001, 5)])

    await venue.submit(approved("in", amount="0.1", symbol=PERP, leverage=5))
    await rig.next_fill()
    await venue.submit(approved("stop", "sell", "0.1", stop=59_000, symbol=PERP, reduce_only=True))
    await rig.show(PERP, bids=[(58_800, 5)], asks=[(58_801, 5)])
    loopback.price(PERP, 58_900, volume=3)
    sold = await rig.next_fill()

    assert (sold.client_id, sold.amount) == ("stop", Decimal("0.1"))
    assert sold.price <= 59_000
    assert await venue.holdings() == []
    assert loopback.ledger()["private_requests"] == 0


async def test_after_a_restart_the_account_goes_on_on_the_exchange_s_prices(rig: Rig) -> None:
    loopback = rig.loopback
    rig.feed.watch(SPOT)
    await rig.show(SPOT, bids=[(59_999, 1)], asks=[(60_001, 1)])
    await rig.venue.submit(approved("rests", amount="0.1", price=59_000))
    before = await rig.venue.balances(), await rig.venue.open_orders()
    await rig.close()

    await rig.open()
    rig.feed.watch(SPOT)
    after = await rig.venue.balances(), await rig.venue.open_orders()
    await rig.show(SPOT, bids=[(59_999, 1)], asks=[(60_001, 1)])
    loopback.price(SPOT, 58_900, volume=3)
    bought = await rig.next_fill()

    assert after == before
    assert (bought.client_id, bought.price, bought.maker) == ("rests", 59_000, True)
    assert loopback.ledger()["private_requests"] == 0


async def test_funding_that_fell_due_while_the_server_was_down_is_paid(rig: Rig) -> None:
    loopback, venue = rig.loopback, rig.venue
    rig.feed.watch(PERP)
    await rig.show(PERP, bids=[(59_999, 5)], asks=[(60_001, 5)])
    await venue.submit(approved("in", amount="0.1", symbol=PERP, leverage=5))
    await rig.next_fill()
    since = rig.clock.now()

    await rig.sleep(9 * HOUR)

    due = (since // (8 * HOUR) + 1) * 8 * HOUR
    (paid, *_) = [r for r in await rig.venue.account_reports(0) if isinstance(r, FundingPaid)]
    assert (paid.at, float(paid.rate)) == (due, loopback.prices.funding_rate(PERP, due))
