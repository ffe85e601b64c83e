"""The account as a venue: it waits, writes down, answers and reports."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from trading_mcp.adapters.simulated.account import Account
from trading_mcp.adapters.simulated.ledger import LedgerEntry
from trading_mcp.adapters.simulated.lines import FUNDING_MS
from trading_mcp.adapters.simulated.mishaps import Mishaps
from trading_mcp.adapters.simulated.records import Records
from trading_mcp.adapters.simulated.statements import (
    account_reports,
    balances,
    fills_since,
    holdings,
    order_report,
    reports_of,
)
from trading_mcp.domain.accounts import Balance, Holding
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.orders import ApprovedOrder, Fill
from trading_mcp.domain.quotes import NotOffered
from trading_mcp.domain.reports import OrderReport, VenueRefused, VenueReport
from trading_mcp.domain.times import HOUR_MS, MINUTE_MS
from trading_mcp.ports import Checkpoint, Clock, Quotes, Tape

Sleep = Callable[[float], Awaitable[None]]

_NOTED_EVERY_SECONDS = 1.0
_MOST_UNREAD = 10_000


class SimulatedVenue:
    """One account at an exchange that keeps its own books, and so survives our crash.

    Whatever happens to the account is on its own disk before it is answered or reported. Orders
    are filled against *quotes*, what rests is matched with where *tape* says the price has been.
    *latency* is wall seconds from sending an order to its acceptance.
    """

    def __init__(
        self,
        account: Account,
        records: Records,
        *,
        quotes: Quotes,
        tape: Tape,
        clock: Clock,
        latency: float,
        mishaps: Mishaps,
        sleep: Sleep = asyncio.sleep,
        checkpoint: Checkpoint = lambda step: None,
    ):
        self._account, self._records, self._checkpoint = account, records, checkpoint
        self._quotes, self._tape, self._clock = quotes, tape, clock
        self._latency, self._mishaps, self._sleep = latency, mishaps, sleep
        self._followed = account.state.passed
        self._noted_at = clock.monotonic()
        self._listeners: set[asyncio.Queue[VenueReport]] = set()

    async def submit(self, order: ApprovedOrder) -> str:
        """Send *order*; return the venue's id once it is accepted."""
        await self._sleep(self._latency)
        self._mishaps.before_accept(order.symbol)
        self._account.market(order.symbol)
        book = self._quotes.depth(order.symbol)
        # First the market up to here, so that no order meets a price from before its time.
        entries, refusal = self._followed_to(book.at), None
        try:
            entries += self._account.submit(order, max(book.at, self._followed), book)
        except VenueRefused as error:
            refusal = error
        await self._commit(entries)
        if refusal:
            raise refusal
        self._checkpoint("exchange.accepted")
        self._mishaps.after_accept()
        return self._venue_id(order.client_id)

    async def cancel(self, symbol: str, client_id: str) -> None:
        """Ask to cancel: an order that has ended, or never was, stays as it is."""
        await self._sleep(self._latency)
        entries = self._followed_to(self._clock.now())
        entries += self._account.cancel(client_id, self._followed)
        await self._commit(entries)
        self._checkpoint("exchange.cancelled")

    async def order(self, symbol: str, client_id: str) -> OrderReport | None:
        """Return the order, or None if it was never accepted."""
        await self._records.settled()
        order = self._account.state.order(client_id)
        return order_report(self._account.exchange, order) if order else None

    async def open_orders(self) -> Sequence[OrderReport]:
        """Return every order that may still trade."""
        await self._records.settled()
        orders = self._account.state.orders.values()
        return [order_report(self._account.exchange, order) for order in orders]

    async def fills(self, symbol: str, client_id: str) -> Sequence[Fill]:
        """Return all fills of one order."""
        await self._records.settled()
        order = self._account.state.order(client_id)
        return order.fills if order else ()

    async def fills_since(self, since: int) -> Sequence[Fill]:
        """Return all fills of the account since *since* (UTC ms), oldest first."""
        await self._records.settled()
        return fills_since(self._account.state, since)

    async def balances(self) -> Sequence[Balance]:
        """Return what the account holds: in quote, the wallet without unrealized profit."""
        await self._records.settled()
        return balances(self._account.state, self._account.markets)

    async def holdings(self) -> Sequence[Holding]:
        """Return the perpetual positions, netted."""
        await self._records.settled()
        return holdings(self._account.state, self._account.markets)

    async def account_reports(self, since: int) -> Sequence[VenueReport]:
        """Return funding and liquidations since *since* (UTC ms), oldest first."""
        await self._records.settled()
        return account_reports(self._account.state, since)

    def reports(self) -> AsyncIterator[VenueReport]:
        """Yield what happens to the account from now on."""
        unread: asyncio.Queue[VenueReport] = asyncio.Queue(_MOST_UNREAD)
        self._listeners.add(unread)
        return self._read(unread)

    async def hold_deadline(self, seconds: float | None) -> None:
        """Raise NotOffered: what rests here is watched by the server that keeps these books."""
        raise NotOffered("a switch that cancels orders when nothing is heard")

    async def advance(self, until: int) -> None:
        """Follow the market up to *until* (UTC ms): resting orders, funding, liquidation."""
        await self._commit(self._followed_to(until))

    async def close(self) -> None:
        """Write down how far the market has been followed."""
        entries = self._followed_to(self._clock.now())
        await self._commit([*entries, *self._account.passed(self._followed)])

    def _followed_to(self, until: int) -> list[LedgerEntry]:
        entries: list[LedgerEntry] = []
        while self._followed < until and (exposed := self._account.exposed):
            end = self._next_stop(until, exposed)
            for symbol in exposed:
                entries += self._follow(symbol, self._followed, end)
            self._followed = end
        self._followed = max(self._followed, until)
        if not entries and self._clock.monotonic() - self._noted_at >= _NOTED_EVERY_SECONDS:
            entries += self._account.passed(self._followed)
        return entries

    def _next_stop(self, until: int, exposed: Sequence[str]) -> int:
        """Return how far to follow the market at once.

        By the minute, so that after a long absence what came first acts first; by the hour or more
        where nothing is reached anyway.
        """
        since = self._followed
        for length in (FUNDING_MS, HOUR_MS):
            end = since + length
            fits = since % length == 0 and end <= until
            if fits and not any(self._is_reached(symbol, since, end) for symbol in exposed):
                return end
        return min(until, (since // MINUTE_MS + 1) * MINUTE_MS)

    def _is_reached(self, symbol: str, since: int, until: int) -> bool:
        move = self._tape.move(symbol, since, until)
        return move is not None and self._account.is_reached(symbol, move)

    def _follow(self, symbol: str, since: int, until: int) -> list[LedgerEntry]:
        move = self._tape.move(symbol, since, until)
        if move is None:
            return []
        account = self._account
        entries = account.move(symbol, move, until, lambda: self._quotes.depth(symbol))
        if until % FUNDING_MS == 0:
            mark = account.market(symbol).near_price(exact(move.last))
            rate = self._quotes.funding_rate(symbol, until)
            entries += account.fund(symbol, rate, mark, until)
        return entries

    async def _commit(self, entries: Sequence[LedgerEntry]) -> None:
        if not entries:
            return
        self._noted_at = self._clock.monotonic()
        # What is reported must be taken now: an order may have changed by the time it is on disk.
        reports = reports_of(self._account.exchange, self._account.state, entries)
        await self._records.keep(entries, self._account.state)
        if not self._mishaps.loses_reports():
            self._report(reports)

    def _report(self, reports: Sequence[VenueReport]) -> None:
        for report in reports:
            times = 2 if isinstance(report, Fill) and self._mishaps.repeats_fill() else 1
            for unread in self._listeners:
                for _ in range(times):
                    if not unread.full():
                        unread.put_nowait(report)

    async def _read(self, unread: asyncio.Queue[VenueReport]) -> AsyncIterator[VenueReport]:
        try:
            while True:
                yield await unread.get()
        finally:
            self._listeners.discard(unread)

    def _venue_id(self, client_id: str) -> str:
        order = self._account.state.order(client_id)
        return order.venue_id if order else ""
