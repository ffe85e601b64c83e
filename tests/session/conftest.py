"""A whole session over ports played by hand: a scripted market, a venue, a clock, a journal."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

from trading_mcp.domain import entries as e
from trading_mcp.domain.accounts import Balance
from trading_mcp.domain.candles import MINUTE_MS, Candle, Candles
from trading_mcp.domain.errors import StorageUnavailable
from trading_mcp.domain.limits import RiskParameters
from trading_mcp.domain.markets import ExchangeTerms, Market
from trading_mcp.domain.orders import ApprovedOrder, Fill
from trading_mcp.domain.quotes import (
    CandleClosed,
    ExchangeInfo,
    MarketEvent,
    NotOffered,
    OrderBook,
    PriceMove,
    Ticker,
)
from trading_mcp.domain.reports import OrderReport, OrderTerms, VenueRefused, VenueReport
from trading_mcp.domain.signals import Signals
from trading_mcp.engine.core import Core
from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.hub import Hub
from trading_mcp.engine.opening import first_entries, read_state
from trading_mcp.engine.roster import Roster
from trading_mcp.engine.session import Session
from trading_mcp.engine.settings import ScalpingSettings
from trading_mcp.engine.upkeep import Upkeep
from trading_mcp.strategy.base import Params, Strategy

START = 1_763_287_200_000
SYMBOLS = ("AAA-USDT", "BBB-USDT")


def market(symbol: str) -> Market:
    return Market(
        exchange="sim",
        symbol=symbol,
        base=symbol.partition("-")[0],
        quote="USDT",
        type="spot",
        tick=Decimal("0.01"),
        step=Decimal("0.0001"),
        min_amount=Decimal("0.0001"),
        min_notional=Decimal(1),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
    )


class Clock:
    """Trading time is what the script says; nothing takes any time."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> int:
        return self.at

    def wall(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return 0.0


class Journal:
    """Entries in memory, encoded as they would be on disk. It can be made to fail."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.kept: tuple[int, bytes] | None = None
        self.healthy = True
        self._decoder = msgspec.json.Decoder(e.AnyEntry)

    def append(self, first_seq: int, entries: Sequence[e.AnyEntry]) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        assert first_seq == len(self.rows) + 1, "a hole in the journal"
        self.rows += [msgspec.json.encode(entry) for entry in entries]
        if self.healthy:
            future.set_result(None)
        else:
            future.set_exception(StorageUnavailable("the disk is full"))
        return future

    def snapshot(self) -> tuple[int, bytes] | None:
        return self.kept

    def entries(self, after: int):
        for seq, row in enumerate(self.rows[after:], after + 1):
            yield seq, self._decoder.decode(row)

    def read(self) -> list[e.AnyEntry]:
        return [entry for _, entry in self.entries(0)]

    async def keep_snapshot(self, seq: int, state: bytes) -> None:
        self.kept = (seq, state)

    async def close(self) -> None:
        pass


class Data:
    """A market whose every event stands in a script."""

    def __init__(self, clock: Clock, script: Sequence[MarketEvent] = ()):
        self.clock, self.script = clock, list(script)
        self.before: Callable[[], Any] | None = None
        self.played = asyncio.Event()
        self.watched: set[str] = set()
        self.prices = dict.fromkeys(SYMBOLS, 100.0)
        self.ahead_ms = 0

    async def markets(self) -> Sequence[Market]:
        return [market(symbol) for symbol in SYMBOLS]

    async def candles(
        self, symbol: str, interval: str, *, limit: int, end: int | None = None
    ) -> Candles:
        last = (end or self.clock.at) // MINUTE_MS * MINUTE_MS
        return Candles.of(
            [
                Candle(last - (limit - i) * MINUTE_MS, 100.0, 100.5, 99.5, 100.0, 1.0)
                for i in range(limit)
            ]
        )

    async def ticker(self, symbol: str) -> Ticker:
        price = self.prices[symbol]
        return Ticker(
            symbol=symbol,
            at=self.clock.at,
            last=price,
            bid=price,
            ask=price,
            volume=1.0,
            open_24h=price,
            high_24h=price,
            low_24h=price,
        )

    async def info(self) -> ExchangeInfo:
        return ExchangeInfo(
            status="ok", at=self.clock.at + self.ahead_ms, offers=(), intervals=("1m",)
        )

    def move(self, symbol: str, last: float) -> PriceMove:
        """The price is *last* now."""
        return PriceMove(
            market=f"sim:{symbol}",
            at=self.clock.at,
            open=last,
            high=last,
            low=last,
            last=last,
            bid=last,
            ask=last,
        )

    async def order_book(self, symbol: str, depth: int) -> OrderBook:
        return OrderBook(symbol=symbol, at=self.clock.at, bids=(), asks=())

    def watch(self, symbol: str) -> None:
        self.watched.add(symbol)

    def unwatch(self, symbol: str) -> None:
        self.watched.discard(symbol)

    async def events(self, interval: str) -> AsyncIterator[MarketEvent]:
        for event in self.script:
            if isinstance(event, PriceMove):
                if self.before is not None:
                    await self.before()
                self.clock.at = event.at
                self.prices[event.market.partition(":")[2]] = event.last
            yield event
        if self.before is not None:
            await self.before()
        self.played.set()
        await asyncio.Event().wait()


class Venue:
    """An exchange that fills every market order at the last price, or does as it is told."""

    def __init__(self, data: Data):
        self._data = data
        self.sent: list[ApprovedOrder] = []
        self.orders: dict[str, OrderReport] = {}
        self.traded: dict[str, list[Fill]] = {}
        self.stream: asyncio.Queue[VenueReport] = asyncio.Queue()
        self.answer: Callable[[ApprovedOrder], None] = lambda order: None
        self.accepts, self.fills_orders = True, True
        self.cancelled: list[str] = []
        self.moved = Decimal(0)
        self.told: list[VenueReport] = []
        self.deadlines: list[float | None] = []
        self.switch: Callable[[], None] = self.has_none

    async def submit(self, order: ApprovedOrder) -> str:
        self.sent.append(order)
        if self.accepts:
            self._take(order)
        self.answer(order)
        return f"v-{order.id}"

    def _take(self, order: ApprovedOrder) -> None:
        trades = order.type == "market" and self.fills_orders
        self.traded[order.client_id] = [self._fill(order)] if trades else []
        self.orders[order.client_id] = OrderReport(
            exchange="sim",
            symbol=order.symbol,
            client_id=order.client_id,
            venue_id=f"v-{order.id}",
            status="filled" if trades else "open",
            filled=order.amount if trades else Decimal(0),
            at=self._data.clock.at,
        )
        for fill in self.traded[order.client_id]:
            self.stream.put_nowait(fill)

    def _fill(self, order: ApprovedOrder) -> Fill:
        price = Decimal(str(self._data.prices[order.symbol]))
        fee = order.amount * price / 1000
        return Fill(
            exchange="sim",
            symbol=order.symbol,
            trade_id=f"t-{order.id}",
            client_id=order.client_id,
            side=order.side,
            amount=order.amount,
            price=price,
            fee=fee,
            fee_currency="USDT",
            at=self._data.clock.at,
        )

    async def cancel(self, symbol: str, client_id: str) -> None:
        self.cancelled.append(client_id)
        report = self.orders[client_id]
        if report.status == "open":
            self.orders[client_id] = msgspec.structs.replace(report, status="cancelled")

    async def order(self, symbol: str, client_id: str) -> OrderReport | None:
        return self.orders.get(client_id)

    async def open_orders(self) -> Sequence[OrderReport]:
        return [report for report in self.orders.values() if report.status == "open"]

    async def fills(self, symbol: str, client_id: str) -> Sequence[Fill]:
        return self.traded.get(client_id, [])

    async def fills_since(self, since: int) -> Sequence[Fill]:
        return [fill for fill in self._fills() if fill.at >= since]

    async def hold_deadline(self, seconds: float | None) -> None:
        self.switch()
        self.deadlines.append(seconds)

    async def balances(self) -> Sequence[Balance]:
        totals = {"USDT": self.money}
        for fill in self._fills():
            base = fill.symbol.partition("-")[0]
            signed = fill.amount if fill.side == "buy" else -fill.amount
            totals[base] = totals.get(base, Decimal(0)) + signed
        return [Balance(currency=name, total=t, free=t) for name, t in totals.items()]

    @property
    def money(self) -> Decimal:
        """What all fills have left of the quote, and what was moved in or out."""
        spent = sum((f.value if f.side == "buy" else -f.value) + f.fee for f in self._fills())
        return Decimal(10_000) + self.moved - spent

    def _fills(self) -> list[Fill]:
        return [fill for traded in self.traded.values() for fill in traded]

    async def holdings(self):
        return []

    async def account_reports(self, since: int) -> Sequence[VenueReport]:
        return [report for report in self.told if report.at >= since]

    async def reports(self) -> AsyncIterator[VenueReport]:
        while True:
            yield await self.stream.get()

    def trade(self, client_id: str, price: str, side: str, amount: Decimal) -> Fill:
        """An order that rests there trades in full, and nobody is told."""
        report = self.orders[client_id]
        self.orders[client_id] = msgspec.structs.replace(report, status="filled", filled=amount)
        fill = Fill(
            exchange="sim",
            symbol=report.symbol,
            trade_id=f"t-{report.venue_id}",
            client_id=client_id,
            side=side,
            amount=amount,
            price=Decimal(price),
            fee=Decimal(0),
            fee_currency="USDT",
            at=self._data.clock.at,
        )
        self.traded[client_id] = [fill]
        return fill

    def place_foreign(self, client_id: str, **terms: Any) -> OrderReport:
        """Somebody else places an order on the account."""
        asked = {"side": "buy", "type": "limit", "amount": Decimal(1), "price": Decimal(90)}
        report = self.orders[client_id] = OrderReport(
            exchange="sim",
            symbol="AAA-USDT",
            client_id=client_id,
            venue_id=f"v-{client_id}",
            status="open",
            filled=Decimal(0),
            at=self._data.clock.at,
            terms=OrderTerms(**{**asked, **terms}),
        )
        return report

    def has_none(self) -> None:
        raise NotOffered("a switch")

    def refuse(self, order: ApprovedOrder) -> None:
        raise VenueRefused("too_late", "the venue said no")

    def fall_silent(self, order: ApprovedOrder) -> None:
        raise TimeoutError("no answer")


class Ups(Strategy):
    """Wishes long after each rise and out after each fall."""

    name = "ups"
    params_type = Params

    @property
    def warmup(self) -> int:
        return 2

    def signals(self, candles: Candles) -> Signals:
        rises = np.zeros(len(candles), dtype=np.bool_)
        rises[1:] = candles.close[1:] > candles.close[:-1]
        falls = np.zeros(len(candles), dtype=np.bool_)
        falls[1:] = candles.close[1:] < candles.close[:-1]
        none = np.zeros(len(candles), dtype=np.bool_)
        return Signals(rises, falls, none, none, np.where(rises | falls, 0.9, 0.0))


class Tripwire:
    """A kill switch outside of everything, without a file."""

    def __init__(self) -> None:
        self.why: str | None = None

    def reason(self) -> str | None:
        return self.why

    def clear(self) -> None:
        self.why = None


class Rig:
    """One session and its surroundings, opened on the journal it is given."""

    def __init__(self, strategies: dict[str, type[Strategy]], script: Sequence[MarketEvent] = ()):
        self.clock, self.journal, self.hub = Clock(), Journal(), Hub()
        self.data = Data(self.clock, script)
        self.venue = Venue(self.data)
        self.strategies = strategies
        self.settings = ScalpingSettings(
            pairs=SYMBOLS, settle_fence_ms=0, order_timeout_ms=1_000, strategy_budget_ms=1_000
        )
        self.data.before = self.quiet
        self.session: Session | None = None
        self.terms, self.fence_ms = ExchangeTerms(), 0
        self.deadline_s: float | None = None
        self.tripwire = Tripwire()

    async def open(self, *, prove: bool = False, wait: bool = True) -> Session:
        state = read_state(self.journal)
        roster = Roster(state, self.strategies)
        self.session = session = Session(
            core=Core(state, await self.data.markets(), terms={"sim": self.terms}),
            roster=roster,
            exchanges={
                "sim": Exchange(
                    name="sim",
                    data=self.data,
                    venue=self.venue,
                    source="scripted",
                    terms=self.terms,
                    fence_ms=self.fence_ms,
                    deadline_s=self.deadline_s,
                )
            },
            journal=self.journal,
            hub=self.hub,
            clock=self.clock,
            settings=self.settings,
            tripwire=self.tripwire,
        )
        if not state.installation:
            await session.record(
                *first_entries(
                    at=START,
                    installation="test",
                    parameters=msgspec.convert(
                        {
                            "max_position_size_usd": 1000,
                            "max_total_exposure_usd": 5000,
                            "max_daily_loss_usd": 5000,
                            "max_consecutive_losses": 1000,
                        },
                        RiskParameters,
                    ),
                    mode="Normal",
                    scalping=self.settings,
                    markets=tuple(session.core.markets.values()),
                ),
                *roster.newcomers({}, START),
            )
        if not prove:
            await session.record(
                *(
                    e.StrategyProven(at=START, name=name, digest=roster.digest(name))
                    for name in self.strategies
                )
            )
        self.upkeep = Upkeep(session)
        self.opening = asyncio.create_task(self.upkeep.open())
        if wait:
            await self.opening
        return session

    async def agree(self) -> None:
        """Agree with the exchange now, as is done every ten seconds."""
        assert self.session is not None
        await self.upkeep.agree(self.session.exchanges["sim"])
        await self.quiet()

    async def until(self, holds: Callable[[], bool], within: float = 10.0) -> None:
        """Wait until *holds*, which something that goes on by itself brings about."""
        async with asyncio.timeout(within):
            while not holds():  # noqa: ASYNC110  # what is waited for tells no event
                await asyncio.sleep(0.005)

    async def quiet(self) -> None:
        """Wait until everything is decided, no order is on its way, every fill is taken in."""
        assert self.session is not None
        for _ in range(50):
            await asyncio.sleep(0)
        while not (self.session.is_idle and self.venue.stream.empty()):  # noqa: ASYNC110  # tells no event
            await asyncio.sleep(0)
        for _ in range(50):
            await asyncio.sleep(0)

    async def play(self) -> None:
        """Run the script to its end."""
        await asyncio.wait_for(self.data.played.wait(), 30)

    async def close(self) -> None:
        assert self.session is not None
        await self.opening
        await self.session.close()


@pytest.fixture
async def rig():
    """A function that makes rigs; they are closed at the end."""
    made: list[Rig] = []

    def make(strategies: Sequence[type[Strategy]] = (Ups,), script=()) -> Rig:
        made.append(Rig({cls.name: cls for cls in strategies}, script))
        return made[-1]

    yield make
    for one in made:
        if one.session is not None:
            await one.close()


@pytest.fixture
def walk():
    """A function that writes a script: candles of both markets over some minutes."""

    def script(minutes: int = 60, seed: int = 1) -> list[MarketEvent]:
        rng = np.random.default_rng(seed)
        closes = dict.fromkeys(SYMBOLS, 100.0)
        events: list[MarketEvent] = []
        for minute in range(minutes):
            opened = START + minute * MINUTE_MS
            candles = {}
            for symbol in SYMBOLS:
                open_ = closes[symbol]
                close = round(open_ * (1 + rng.normal(0, 0.003)), 2)
                high = round(max(open_, close) * 1.001, 2)
                low = round(min(open_, close) * 0.999, 2)
                closes[symbol] = close
                candles[symbol] = Candle(opened, open_, high, low, close, 1.0)
                events.append(
                    PriceMove(
                        market=f"sim:{symbol}",
                        at=opened + MINUTE_MS,
                        open=open_,
                        high=high,
                        low=low,
                        last=close,
                        bid=close,
                        ask=close,
                    )
                )
            events += [
                CandleClosed(market=f"sim:{symbol}", interval="1m", candle=candle)
                for symbol, candle in candles.items()
            ]
        return events

    return script


@pytest.fixture
def ups() -> type[Strategy]:
    return Ups
