"""Every socket between the core and the outside: what an adapter must offer."""

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import Future
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar

from trading_mcp.domain.access import Claims, Key, Register, User
from trading_mcp.domain.accounts import Balance, Holding
from trading_mcp.domain.alerts import Channel, Delivery, KeptAlert
from trading_mcp.domain.backtests import KeptRun
from trading_mcp.domain.candles import Candle, Candles
from trading_mcp.domain.limits import Alert, Severity
from trading_mcp.domain.markets import Market
from trading_mcp.domain.orders import ApprovedOrder, Fill, Order
from trading_mcp.domain.positions import Position
from trading_mcp.domain.quotes import (
    ExchangeInfo,
    FundingRate,
    Liquidation,
    MarketEvent,
    Move,
    OpenInterest,
    OrderBook,
    PublicTrade,
    Ticker,
)
from trading_mcp.domain.reports import OrderReport, VenueReport
from trading_mcp.domain.spans import Hole, Span
from trading_mcp.domain.stored import Inspected, Stored
from trading_mcp.domain.trials import Trial, Tried

EntryT = TypeVar("EntryT")
GivenT = TypeVar("GivenT")
DoneT = TypeVar("DoneT")

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
    """One exchange's public side.

    Each question raises ValueError for an unknown symbol or interval, NotOffered for what the
    exchange does not have, and anything else when it failed or did not answer.
    """

    async def markets(self) -> Sequence[Market]:
        """Return every market that can be traded."""
        ...

    async def info(self) -> ExchangeInfo:
        """Return the exchange's state, its time, and what it offers."""
        ...

    async def candles(
        self, symbol: str, interval: str, *, limit: int, end: int | None = None
    ) -> Candles:
        """Return the *limit* newest closed candles that opened before *end* (UTC ms; now)."""
        ...

    async def ticker(self, symbol: str) -> Ticker:
        """Return the last price and best quotes."""
        ...

    async def order_book(self, symbol: str, depth: int) -> OrderBook:
        """Return the best *depth* levels of each side."""
        ...

    async def trades(self, symbol: str, limit: int) -> Sequence[PublicTrade]:
        """Return the *limit* newest trades of everybody, oldest first."""
        ...

    async def funding_rate(self, symbol: str) -> FundingRate:
        """Return a perpetual's funding."""
        ...

    async def open_interest(self, symbol: str) -> OpenInterest:
        """Return how much of a perpetual is held open."""
        ...

    async def liquidations(self, symbol: str, limit: int) -> Sequence[Liquidation]:
        """Return the *limit* newest liquidations of a perpetual, oldest first: as far back as
        the exchange remembers, which may be not at all."""
        ...

    def watch(self, symbol: str) -> None:
        """Add *symbol* to what `events` delivers."""
        ...

    def unwatch(self, symbol: str) -> None:
        """Take *symbol* out of what `events` delivers."""
        ...

    def events(self, interval: str) -> AsyncIterator[MarketEvent]:
        """Yield price moves, and candles of *interval* as they close, of the watched symbols.

        Candles that close at the same instant come one after the other, before any that close
        later. No price move waits for them: an exchange may take seconds to tell its candles, and
        what is watched must act meanwhile. A lost stream is an event, not an exception.
        """
        ...


class PastCandles(Protocol):
    """What an exchange tells of its past, for whoever stores it.

    Raises as MarketData does.
    """

    async def candles(self, symbol: str, interval: str, *, limit: int, end: int) -> Candles:
        """Return closed candles that opened before *end* (UTC ms), the newest last.

        At most the *limit* newest, or those of the *limit* intervals before *end*. None is made
        up for a time in which the exchange has none.
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

    async def fills_since(self, since: int) -> Sequence[Fill]:
        """Return all fills of the account since *since* (UTC ms), oldest first, ours or not."""
        ...

    async def balances(self) -> Sequence[Balance]:
        """Return what the account holds."""
        ...

    async def holdings(self) -> Sequence[Holding]:
        """Return the account's perpetual positions, one per symbol."""
        ...

    async def account_reports(self, since: int) -> Sequence[VenueReport]:
        """Return funding, liquidations and transfers since *since* (UTC ms), oldest first."""
        ...

    def reports(self) -> AsyncIterator[VenueReport]:
        """Yield what happens to the account, as it happens. May repeat or drop reports."""
        ...

    async def hold_deadline(self, seconds: float | None) -> None:
        """Let the exchange cancel what rests there unless this is called again within *seconds*.

        None ends it. Raises NotOffered where the exchange has no such switch.
        """
        ...


class Tripwire(Protocol):
    """A kill switch outside of everything that may be stuck: asked before each order leaves."""

    def reason(self) -> str | None:
        """Return why it was tripped, or None. Quick, and never raises: in doubt it is tripped."""
        ...

    def clear(self) -> None:
        """Set it up again. Raises StorageUnavailable if that fails."""
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
        before: tuple[int, str] | None = None,
    ) -> Sequence[Order]:
        """Return orders of any status, the newest first.

        *before* begins after the order of that creation time (UTC ms) and id: the next page.
        """
        ...

    async def order(self, order_id: str) -> Order | None:
        """Return one order."""
        ...

    async def orders_called(self, order_ids: Collection[str]) -> Sequence[Order]:
        """Return the orders with these ids."""
        ...

    async def fills(
        self,
        *,
        limit: int,
        exchange: str | None = None,
        symbol: str | None = None,
        before: tuple[str, str, str] | None = None,
    ) -> Sequence[Fill]:
        """Return fills, the newest first.

        *before* begins after the fill of that exchange, symbol and trade id: the next page.
        """
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


class CandleArchive(Protocol):
    """The same candles, for whoever brings them from elsewhere: whole stretches at a time.

    A server may write to the store meanwhile. Raises StorageUnavailable, and ValueError for a
    name that can't be stored.
    """

    async def keep(
        self,
        exchange: str,
        symbol: str,
        interval: str,
        candles: Candles,
        answered: Sequence[Span] = (),
    ) -> None:
        """Write candles, all of them or none; they are on disk on return.

        Of the *answered* spans the exchange has told every candle that it has.
        """
        ...

    async def read(
        self, exchange: str, symbol: str, interval: str, *, start: int, end: int
    ) -> Candles:
        """Return the stored candles that opened in [start, end) (UTC ms), oldest first."""
        ...

    async def extent(self, exchange: str, symbol: str, interval: str) -> Span | None:
        """Return the time from the first stored candle to the end of the last."""
        ...

    async def holes(
        self, exchange: str, symbol: str, interval: str, within: Span
    ) -> Sequence[Hole]:
        """Return where in *within* no candle is stored, in order."""
        ...

    async def stored(self) -> Sequence[Stored]:
        """Return what is stored."""
        ...

    async def inspect(self) -> Sequence[Inspected]:
        """Read every file and return what was found."""
        ...


class Quotes(Protocol):
    """Prices at this instant, for whoever fills orders against them.

    Each question raises NoQuote where the answer is not known now.
    """

    def depth(self, symbol: str) -> OrderBook:
        """Return the book now, as deep as it is known."""
        ...

    def mark(self, symbol: str) -> Decimal:
        """Return the price that margin is measured by, in quote per base."""
        ...

    def funding_rate(self, symbol: str, at: int) -> float:
        """Return the funding rate (a fraction) that is paid at *at*."""
        ...

    def funding_after(self, symbol: str, at: int) -> int:
        """Return when a perpetual pays funding next, after *at* (both UTC ms)."""
        ...


class Tape(Protocol):
    """Remembers, or can work out, every move of a market: what resting orders are matched with.

    A streamed trade has the time at which it was heard of, so that none turns up in a time that
    has been asked about already, save in its last millisecond.
    """

    def move(self, symbol: str, since: int, until: int) -> Move | None:
        """Return how the price went after *since* and up to *until* (UTC ms, included).

        None if that is not known, or nobody traded.
        """
        ...


class Executor(Protocol):
    """Where work is done: in threads, in processes, on other machines.

    What is sent and what comes back must be able to travel: functions by their names, data by the
    path at which it lies.
    """

    @property
    def workers(self) -> int:
        """How many pieces of work are done at the same time."""
        ...

    def submit(self, work: Callable[[GivenT], DoneT], given: GivenT) -> Future[DoneT]:
        """Have *work* done with *given*, as soon as there is room. What it raises, the future does.

        A future that is cancelled before its work has begun costs nothing more.
        """
        ...

    def close(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        ...


class AccessStore(Protocol):
    """Who may come in, on disk; other processes may write to it at any time. Writing blocks."""

    def register(self) -> Register:
        """Return everybody, as of now. Returns the same object until something has changed."""
        ...

    def put_user(self, user: User) -> None:
        """Keep *user*, in place of one of the same name."""
        ...

    def remove_user(self, name: str) -> None:
        """Forget a user."""
        ...

    def put_key(self, key: Key) -> None:
        """Keep *key*, in place of one of the same id."""
        ...

    def note_use(self, key_id: str, at: int) -> None:
        """Note when a key was used last (UTC ms)."""
        ...

    def end_token(self, token_id: str, expires_at: int) -> None:
        """Let a token count no more. It is forgotten once it has expired (UTC ms)."""
        ...


class Passwords(Protocol):
    """Hashes that are slow on purpose. Both methods block for a good part of a second."""

    def hashed(self, password: str) -> str:
        """Return a salted hash of *password*."""
        ...

    def matches(self, password: str, hashed: str | None) -> bool:
        """Say whether *hashed* is of *password*. None takes as long, and never is."""
        ...


class Tokens(Protocol):
    """Signed tokens."""

    def issued(self, claims: Claims) -> str:
        """Return a token that says *claims*."""
        ...

    def read(self, token: str) -> Claims | None:
        """Return what *token* says if we have signed it for ourselves; its times are not judged."""
        ...


class AlertChannel(Protocol):
    """One way to reach people: by Telegram, by e-mail, by a request to their server."""

    async def check(self, channel: Channel) -> None:
        """Raise InvalidParameter if *channel* can't be used: its target must not be reached."""
        ...

    async def send(self, channel: Channel, alert: Alert, severity: Severity) -> None:
        """Tell of *alert* through *channel*, within a bounded time.

        Raises NotDelivered, whose reason holds no secrets.
        """
        ...


class AlertStore(Protocol):
    """Where alerts are remembered, with the channels and their secrets. Raises StorageUnavailable.

    What is asked of it is done in the order of the calls.
    """

    async def channels(self) -> Sequence[Channel]:
        """Return the configured channels."""
        ...

    async def keep_channel(self, channel: Channel) -> None:
        """Keep a channel in place of the one of that id."""
        ...

    async def drop_channel(self, channel_id: str) -> None:
        """Forget a channel, its secrets, and what waits for it."""
        ...

    async def keep(self, alert: Alert, deliveries: Sequence[Delivery]) -> None:
        """Keep an alert and what is to become of it; one that is known stays as it is."""
        ...

    async def keep_delivery(self, delivery: Delivery) -> None:
        """Keep what has become of a delivery."""
        ...

    async def waiting(self) -> Sequence[tuple[Alert, Delivery]]:
        """Return what has not been delivered and is still tried, oldest first."""
        ...

    async def alerts(
        self,
        *,
        limit: int,
        before: tuple[int, str] | None = None,
        acknowledged: bool | None = None,
    ) -> Sequence[KeptAlert]:
        """Return alerts, the newest first.

        *before* begins after the alert of that time (UTC ms) and id: the next page.
        """
        ...

    async def acknowledge(self, alert_id: str, at: int) -> bool:
        """Note that somebody has seen an alert at *at* (wall time, UTC ms); False: no such alert.

        The first time counts.
        """
        ...

    async def marks(self) -> Mapping[str, int]:
        """Return the named times (UTC ms) that were kept."""
        ...

    async def keep_mark(self, name: str, at: int) -> None:
        """Keep a named time."""
        ...

    async def close(self) -> None:
        """Write what is left and close."""
        ...


class TrialLedger(Protocol):
    """What was ever tried on which candles, and whose code was proven. Raises StorageUnavailable.

    Any thread and any process may ask and note at any time.
    """

    def note(self, trials: Sequence[Trial]) -> None:
        """Remember *trials*; one that is known on the same data stays as it is."""
        ...

    def tried(self, *, data: str, market: str, start: int, end: int) -> Tried:
        """Return what was tried on *data*, or on *market* in a time that overlaps [start, end)."""
        ...

    def is_proven(self, digest: str) -> bool:
        """Say whether a strategy of that digest has passed the proof."""
        ...

    def note_proven(self, digest: str) -> None:
        """Remember that a strategy of that digest has passed the proof."""
        ...


class BacktestStore(Protocol):
    """Where runs over history are remembered; the oldest of too many are forgotten.

    Raises StorageUnavailable.
    """

    async def keep(self, run: KeptRun, trades: Sequence[Mapping[str, Any]] = ()) -> None:
        """Keep *run* with its trades, in place of what is known of it."""
        ...

    async def run(self, run_id: str) -> KeptRun | None:
        """Return one run."""
        ...

    async def runs(self, *, limit: int, before: tuple[int, str] | None = None) -> Sequence[KeptRun]:
        """Return runs without their equity, the newest first.

        *before* begins after the run of that time (UTC ms) and id: the next page.
        """
        ...

    async def trades(self, run_id: str, *, start: int, limit: int) -> Sequence[Mapping[str, Any]]:
        """Return trades of a run in the order in which they ended, from number *start* on."""
        ...

    async def close(self) -> None:
        """Write what is left and close."""
        ...
