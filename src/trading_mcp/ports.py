"""Every socket between the core and the outside: what an adapter must offer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from trading_mcp.domain.accounts import Balance, Holding
from trading_mcp.domain.candles import Candle, Candles
from trading_mcp.domain.markets import Market
from trading_mcp.domain.orders import ApprovedOrder, Fill, Order
from trading_mcp.domain.positions import Position
from trading_mcp.domain.quotes import MarketEvent, OrderBook, Ticker
from trading_mcp.domain.reports import OrderReport, VenueReport

EntryT = TypeVar("EntryT")

Checkpoint = Callable[[str], None]
"""Called with the name of each step of an order's life, so that a test can stop there."""


class Clock(Protocol):
    """The time that trading goes by."""

    def now(self) -> int:
        """Return the trading time, UTC ms: the exchange's, which a simulation may run faster."""
        ...

    def wall(self) -> int:
        """Return the wall clock's time, UTC ms: what tokens and people go by."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow: for latencies and time-outs."""
        ...


class MarketData(Protocol):
    """One exchange's public side."""

    async def markets(self) -> Sequence[Market]:
        """Return every market that can be traded."""
        ...

    async def candles(
        self, symbol: str, interval: str, *, limit: int, end: int | None = None
    ) -> Candles:
        """Return the *limit* newest closed candles that opened before *end* (UTC ms; now).

        Raises ValueError for an unknown symbol or interval.
        """
        ...

    async def ticker(self, symbol: str) -> Ticker:
        """Return the last price and best quotes."""
        ...

    async def order_book(self, symbol: str, depth: int) -> OrderBook:
        """Return the best *depth* levels of each side."""
        ...

    def watch(self, symbol: str) -> None:
        """Add *symbol* to what `events` delivers."""
        ...

    def unwatch(self, symbol: str) -> None:
        """Take *symbol* out of what `events` delivers."""
        ...

    def events(self, interval: str) -> AsyncIterator[MarketEvent]:
        """Yield price moves, and candles of *interval* as they close, of the watched symbols.

        Candles that close at the same instant come one after the other, before any price move of
        a later time. A lost stream is an event, not an exception.
        """
        ...


class Venue(Protocol):
    """One account at one exchange."""

    async def submit(self, order: ApprovedOrder) -> str:
        """Send *order*; return the venue's own id once it is accepted.

        Raises VenueRefused only when the venue said for certain that nothing will trade. Any
        other exception, a time-out included, leaves the outcome unknown.
        """
        ...

    async def cancel(self, symbol: str, client_id: str) -> None:
        """Ask to cancel. What became of the order is in its report, not in this answer."""
        ...

    async def order(self, symbol: str, client_id: str) -> OrderReport | None:
        """Return the order as the venue has it, or None if it has never heard of it."""
        ...

    async def open_orders(self) -> Sequence[OrderReport]:
        """Return every order that may still trade, ours or not."""
        ...

    async def fills(self, symbol: str, client_id: str) -> Sequence[Fill]:
        """Return all fills of one order."""
        ...

    async def balances(self) -> Sequence[Balance]:
        """Return what the account holds."""
        ...

    async def holdings(self) -> Sequence[Holding]:
        """Return the account's perpetual positions, one per symbol."""
        ...

    async def account_reports(self, since: int) -> Sequence[VenueReport]:
        """Return funding and liquidations since *since* (UTC ms), oldest first."""
        ...

    def reports(self) -> AsyncIterator[VenueReport]:
        """Yield what happens to the account, as it happens. May repeat or drop reports."""
        ...


class Journal(Protocol, Generic[EntryT]):
    """A durable list of entries. What `append` has answered survives a power cut."""

    def append(self, first_seq: int, entries: Sequence[EntryT]) -> Awaitable[None]:
        """Add *entries*, numbered from *first_seq*, without a gap; done when they are on disk.

        Entries are written in the order of the calls, many calls in one commit. On failure the
        awaitable raises; the entries stay first in line and are written when the disk allows.
        """
        ...

    def snapshot(self) -> tuple[int, bytes] | None:
        """Return the newest snapshot and the number of the last entry it contains."""
        ...

    def entries(self, after: int) -> Iterator[tuple[int, EntryT]]:
        """Yield the numbered entries after *after*, oldest first."""
        ...

    @property
    def healthy(self) -> bool:
        """Whether the last write succeeded. While it is False, nothing may be sent."""
        ...

    async def keep_snapshot(self, seq: int, state: bytes) -> None:
        """Store the state as of entry *seq*, so that a start need not read what came before."""
        ...

    async def close(self) -> None:
        """Write what is left and close."""
        ...


class History(Protocol):
    """What was: closed positions and ended orders, kept as long as the data directory."""

    async def positions(
        self, *, limit: int, start: int | None = None, end: int | None = None
    ) -> Sequence[Position]:
        """Return closed positions, the newest first, that closed in [start, end) (UTC ms)."""
        ...

    async def orders(
        self,
        *,
        limit: int,
        exchange: str | None = None,
        symbol: str | None = None,
    ) -> Sequence[Order]:
        """Return orders of any status, the newest first."""
        ...

    async def order(self, order_id: str) -> Order | None:
        """Return one order."""
        ...

    async def fills(
        self, *, limit: int, exchange: str | None = None, symbol: str | None = None
    ) -> Sequence[Fill]:
        """Return fills, the newest first."""
        ...


class CandleStore(Protocol):
    """Candles on disk."""

    async def add(self, exchange: str, symbol: str, interval: str, rows: Sequence[Candle]) -> None:
        """Keep closed candles; one that is already there is replaced."""
        ...

    async def flush(self) -> None:
        """Write what is still in memory."""
        ...

    async def read(
        self, exchange: str, symbol: str, interval: str, *, start: int, end: int
    ) -> Candles:
        """Return the stored candles that opened in [start, end) (UTC ms), oldest first."""
        ...


class Quotes(Protocol):
    """Prices at this instant, for whoever fills orders against them."""

    def depth(self, symbol: str) -> OrderBook:
        """Return the book now, as deep as it is known."""
        ...

    def mark(self, symbol: str) -> Decimal:
        """Return the price that margin is measured by, in quote per base."""
        ...

    def funding_rate(self, symbol: str, at: int) -> float:
        """Return the funding rate (a fraction) that is paid at *at*."""
        ...
