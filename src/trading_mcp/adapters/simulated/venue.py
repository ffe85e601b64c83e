"""The simulated exchange as a venue: orders take their time, and what rests follows the market."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from trading_mcp.adapters.simulated.account import Account
from trading_mcp.adapters.simulated.ledger import LedgerEntry
from trading_mcp.adapters.simulated.lines import FUNDING_MS
from trading_mcp.adapters.simulated.mishaps import Mishaps
from trading_mcp.adapters.simulated.records import Records
from trading_mcp.adapters.simulated.teller import Teller
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.orders import ApprovedOrder
from trading_mcp.domain.reports import VenueRefused
from trading_mcp.domain.times import HOUR_MS, MINUTE_MS
from trading_mcp.ports import Checkpoint, Clock, Quotes, Tape

Sleep = Callable[[float], Awaitable[None]]

_NOTED_EVERY_SECONDS = 1.0


class SimulatedVenue(Teller):
    """One account at the simulated exchange.

    Orders are filled against *quotes*, what rests is matched with where *tape* says the price has
    been. *latency* is wall seconds from sending an order to its acceptance.
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
        super().__init__(account, records, mishaps)
        self._checkpoint = checkpoint
        self._quotes, self._tape, self._clock = quotes, tape, clock
        self._latency, self._sleep = latency, sleep
        self._followed = account.state.passed
        self._noted_at = clock.monotonic()

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
        if entries:
            self._noted_at = self._clock.monotonic()
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
