"""The account as its owner meets it: what he may ask at any time, and what he is told."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from trading_mcp.adapters.simulated.account import Account
from trading_mcp.adapters.simulated.ledger import LedgerEntry
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
from trading_mcp.domain.orders import Fill
from trading_mcp.domain.quotes import NotOffered
from trading_mcp.domain.reports import OrderReport, VenueReport

_MOST_UNREAD = 10_000


class Teller:
    """Answers for one account that keeps its own books, and so survives our crash.

    Whatever happens to the account is on its own disk before it is answered or reported.
    """

    def __init__(self, account: Account, records: Records, mishaps: Mishaps):
        self._account, self._records, self._mishaps = account, records, mishaps
        self._listeners: set[asyncio.Queue[VenueReport]] = set()

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

    async def _commit(self, entries: Sequence[LedgerEntry]) -> None:
        """Write *entries* down, then tell of them."""
        if not entries:
            return
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
