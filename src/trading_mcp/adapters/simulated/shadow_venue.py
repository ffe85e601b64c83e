"""An account of our own at a real exchange: its books and trades, and not one private request."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from trading_mcp.adapters.simulated.account import Account
from trading_mcp.adapters.simulated.following import Follower
from trading_mcp.adapters.simulated.ledger import LedgerEntry
from trading_mcp.adapters.simulated.mishaps import Mishaps
from trading_mcp.adapters.simulated.recalling import Recaller
from trading_mcp.adapters.simulated.records import Records
from trading_mcp.adapters.simulated.settings import Faults
from trading_mcp.adapters.simulated.teller import Teller
from trading_mcp.domain.markets import Market
from trading_mcp.domain.orders import ApprovedOrder
from trading_mcp.domain.quotes import NoQuote, OrderBook
from trading_mcp.domain.reports import MARKET_CLOSED, VenueRefused
from trading_mcp.domain.times import MINUTE_MS
from trading_mcp.ports import Checkpoint, Clock, Quotes

Sleep = Callable[[float], Awaitable[None]]

_NOTED_EVERY_SECONDS = 1.0


class ShadowVenue(Teller):
    """Fills orders against the book as it is when they arrive; what rests, by real trades.

    *latency* is seconds from sending an order to its arrival. *listed* are the symbols that the
    exchange trades now; the account may know others, which can be read and no more.
    """

    def __init__(
        self,
        account: Account,
        records: Records,
        follower: Follower,
        recaller: Recaller,
        *,
        listed: Collection[str],
        quotes: Quotes,
        clock: Clock,
        latency: float,
        sleep: Sleep = asyncio.sleep,
        checkpoint: Checkpoint = lambda step: None,
    ):
        super().__init__(account, records, Mishaps(Faults()))
        self._follower, self._recaller = follower, recaller
        self._listed, self._quotes, self._clock = listed, quotes, clock
        self._latency, self._sleep, self._checkpoint = latency, sleep, checkpoint
        self._noted_at, self._told_at = clock.monotonic(), 0

    @property
    def exposed(self) -> Sequence[str]:
        """The markets in which something can happen to the account."""
        return self._account.exposed

    @property
    def delisted(self) -> Sequence[Market]:
        """The markets that are gone, and in which the account still has something."""
        state, markets = self._account.state, self._account.markets
        gone = [market for symbol, market in markets.items() if symbol not in self._listed]
        exposed = self._account.exposed
        return [m for m in gone if m.symbol in exposed or (m.type == "spot" and state.has(m.base))]

    async def submit(self, order: ApprovedOrder) -> str:
        """Send *order*; return the venue's id once it is accepted."""
        await self._sleep(self._latency)
        book = self._book(order.symbol)
        at = self._now()
        # First the market up to here, so that no order meets a price from before its time.
        entries, refusal = self._caught_up(order.symbol, at), None
        try:
            entries += self._accepted(order, at, book)
        except VenueRefused as error:
            refusal = error
        await self._commit(entries)
        if refusal:
            raise refusal
        self._checkpoint("exchange.accepted")
        return self._venue_id(order.client_id)

    async def cancel(self, symbol: str, client_id: str) -> None:
        """Ask to cancel: an order that has ended, or never was, stays as it is."""
        await self._sleep(self._latency)
        entries = self._caught_up(symbol, at := self._now())
        await self._commit([*entries, *self._account.cancel(client_id, at)])
        self._checkpoint("exchange.cancelled")

    async def advance(self, until: int, symbol: str | None = None) -> None:
        """Follow one market (or each) up to *until* (UTC ms), if something is at stake there."""
        self._told_at = max(self._told_at, until)
        names = [name for name in self._account.exposed if symbol is None or name == symbol]
        known = [name for name in names if await self._is_known(name, until)]
        entries = [entry for name in known for entry in self._follower.follow(name, until)]
        if entries or (known and self._is_time_to_note()):
            entries += self._note(self._account.exposed)
        await self._commit(entries)

    async def catch_up(self, symbol: str | None = None) -> None:
        """Follow one market (or each) up to now: what has been heard was heard by now."""
        await self.advance(self._clock.now(), symbol)

    async def close(self) -> None:
        """Write down how far the markets have been followed."""
        await self._commit(self._note(self._account.exposed))

    def _caught_up(self, symbol: str, at: int) -> list[LedgerEntry]:
        if symbol not in self._account.exposed:
            self._follower.begin(symbol, at)
            return []
        # Where something has not been told yet, what came first must act first.
        return [] if self._recaller.misses(symbol) else self._follower.follow(symbol, at)

    def _accepted(self, order: ApprovedOrder, at: int, book: OrderBook) -> list[LedgerEntry]:
        entries = self._account.submit(order, at, book)
        # Who reads the journal must know the market before what was traded there.
        return [*self._account.listed(order.symbol, at), *entries, *self._note([order.symbol])]

    async def _is_known(self, symbol: str, until: int) -> bool:
        """Say whether the tape is whole up to *until*; what is missing is asked for."""
        if not self._recaller.misses(symbol):
            return True
        # Of a minute that began before, its candle does not say what came after.
        since = -(-self._follower.followed(symbol) // MINUTE_MS) * MINUTE_MS
        if not await self._recaller.fill(symbol, since, until):
            return False
        # Funding is paid on the minute: that of its end counts.
        self._follower.skip(symbol, min(since, until) - 1)
        return True

    def _book(self, symbol: str) -> OrderBook:
        self._account.market(symbol)
        if symbol not in self._listed:
            raise VenueRefused(MARKET_CLOSED, f"{symbol} is not traded here any more")
        try:
            return self._quotes.depth(symbol)
        except NoQuote as error:
            raise VenueRefused(MARKET_CLOSED, f"{symbol} has no book now: {error}") from error

    def _now(self) -> int:
        # Whatever has been told already was before: an order must not meet it.
        return max(self._clock.now(), self._told_at)

    def _is_time_to_note(self) -> bool:
        return self._clock.monotonic() - self._noted_at >= _NOTED_EVERY_SECONDS

    def _note(self, symbols: Sequence[str]) -> list[LedgerEntry]:
        self._noted_at = self._clock.monotonic()
        return self._follower.noted(symbols)
