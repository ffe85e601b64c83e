"""From a closed candle to a journaled order: one candle stage by stage, and 200 at once."""

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np
import uvloop

from benchmarks import Row
from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.adapters.simulated.market import SeededMarket
from trading_mcp.adapters.sqlite import database
from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.adapters.sqlite.projection import HistoryProjection
from trading_mcp.domain.candles import MINUTE_MS, Candle, Candles
from trading_mcp.domain.entries import AnyEntry, OrderApproved, StrategyProven
from trading_mcp.domain.limits import RiskParameters
from trading_mcp.domain.markets import Market, MarketKey
from trading_mcp.domain.quotes import PriceMove
from trading_mcp.domain.signals import Signal
from trading_mcp.engine.core import Core
from trading_mcp.engine.deciding import Decider
from trading_mcp.engine.desk import Entries
from trading_mcp.engine.hub import Hub
from trading_mcp.engine.ledger import Ledger
from trading_mcp.engine.opening import first_entries
from trading_mcp.engine.roster import Roster
from trading_mcp.engine.settings import ScalpingSettings
from trading_mcp.engine.state import State
from trading_mcp.strategy.base import ENGINE_WINDOW, Strategy
from trading_mcp.strategy.loader import discover

T = TypeVar("T")

SHIPPED = ("rsi", "macd", "bollinger", "ema", "stochastic", "rsi_macd_bollinger")
STREAM, PAIRS, PAST, ROUNDS = 4_000, 200, 1_500, 5
START = 1_763_287_200_000
MEMORY = Path("/dev/shm")
LIMITS = RiskParameters(
    max_position_size_usd=1e4,
    max_total_exposure_usd=1e9,
    max_daily_loss_usd=1e9,
    max_open_positions=10_000,
    max_orders_per_minute=100_000,
    risk_per_trade_percent=0.001,
)
"""So wide that what a strategy wishes for becomes an order."""


class Stages(NamedTuple):
    """How long each stage took of one candle, in seconds."""

    window: float
    strategies: float
    core: float
    disk: float
    whole: float


class Taken(NamedTuple):
    """How long a candle that brought an order took, and what it is measured by, in seconds."""

    stages: Stages
    alone: float
    """Asking the six strategies in a plain loop."""
    synced: float
    """Writing the same bytes to a plain file, and fdatasync."""
    committed: float
    """Inserting the same bytes with plain sqlite3, and COMMIT."""


def run() -> list[Row]:
    """Measure one candle at a time, then a candle of 200 pairs in the same instant."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:  # /tmp may be no disk
        folder = Path(directory)
        return [*_one_by_one(folder), *_at_once(folder)]


def _one_by_one(folder: Path) -> list[Row]:
    taken = _in_loop(_streamed(folder / "stream"))
    window, strategies, core, disk, whole = zip(*(one.stages for one in taken), strict=True)
    besides = [one.stages.whole - one.synced for one in taken]
    return [
        (f"a candle until its order is on disk ({len(taken)} of them)", _spread(whole)),
        ("- appended to the window", _spread(window)),
        ("- six strategies answer, thread and all", _spread(strategies)),
        ("- core and gate", _spread(core)),
        ("- journaled, until the commit", _spread(disk)),
        ("the disk by itself: write and fdatasync", _spread([one.synced for one in taken])),
        ("the disk by itself: plain sqlite3's COMMIT", _spread([one.committed for one in taken])),
        ("a candle, less the disk's fdatasync (aim: p50 < 1 ms)", _spread(besides)),
        *_in_memory(),
    ]


def _in_memory() -> list[Row]:
    """Measure the same where a disk is memory, and nothing is waited for."""
    if not MEMORY.is_dir():
        return []
    with tempfile.TemporaryDirectory(dir=MEMORY) as directory:
        taken = _in_loop(_streamed(Path(directory)))
    whole, alone = [one.stages.whole for one in taken], [one.alone for one in taken]
    return [
        ("a candle, its journal in memory (aim: p50 < 1 ms)", _spread(whole)),
        ("- the strategies by themselves, in a plain loop", _spread(alone)),
        (
            "- beside the strategies in a plain loop",
            f"{median(whole) / median(alone):.2f} times as long",
        ),
    ]


def _at_once(folder: Path) -> list[Row]:
    pasts = [_eager_past(seed) for seed in range(PAIRS)]
    rounds = [_in_loop(_burst(folder / f"burst-{n}", pasts)) for n in range(ROUNDS)]
    plain = [_plain_loop(pasts) for _ in range(ROUNDS)]
    orders = rounds[0][0]
    seconds = [took for _, took in rounds]
    return [
        (
            f"{PAIRS} candles at once, {orders} orders on disk (aim: < 1 s)",
            f"median {median(seconds):.3f} s, worst {max(seconds):.3f} s",
        ),
        (
            "- beside the strategies in a plain loop",
            f"{median(seconds) / median(plain):.2f} times as long as {median(plain):.3f} s",
        ),
    ]


def _in_loop(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _spread(seconds: Sequence[float]) -> str:
    at = sorted(seconds)
    return f"p50 {median(at) * 1e3:.3f} ms, p99 {at[int(len(at) * 0.99)] * 1e3:.3f} ms"


class _TimedCore(Core):
    """The core, noting when it was first asked."""

    asked_at = 0.0

    def on_signal(self, *signals: Signal) -> Entries:
        self.asked_at = self.asked_at or time.perf_counter()
        return super().on_signal(*signals)


class _Desk:
    """What lies between a closed candle and the disk, put together as the server does."""

    def __init__(self, folder: Path, markets: Sequence[Market]):
        state, settings = State(), ScalpingSettings()
        found = discover(SHIPPED).strategies
        self.roster = Roster(state, {name: info.cls for name, info in found.items()})
        self.core = _TimedCore(state, markets)
        self.journal = SqliteJournal[AnyEntry](
            folder / "engine.sqlite", AnyEntry, project=HistoryProjection()
        )
        self.ledger = Ledger(self.core, self.journal, Hub())
        self.decider = Decider(self.core, self.roster, self.ledger, SystemClock(), settings)
        self.orders: list[OrderApproved] = []
        self._durable: asyncio.Future[None] | None = None
        self.ledger.listen(self._hear)

    async def open(self) -> None:
        """Found the account, and switch everything on."""
        pairs = tuple(market.symbol for market in self.core.markets.values())
        first = first_entries(
            at=START,
            installation="bench",
            parameters=LIMITS,
            mode="Normal",
            scalping=ScalpingSettings(pairs=pairs),
            markets=tuple(self.core.markets.values()),
        )
        newcomers = self.roster.newcomers({}, START)
        await self.ledger.write(self.core.record(*first, *newcomers))
        proven = [
            StrategyProven(at=START, name=name, digest=self.roster.digest(name))
            for name in self.roster.classes
        ]
        await self.ledger.write(self.core.record(*proven))
        await self.ledger.write(self.core.on_balance("sim", "USDT", Decimal(10**9), "opening"))

    async def price(self, key: MarketKey, candle: Candle) -> None:
        """Take in the market's price, which comes before its candle."""
        move = PriceMove(
            market=key,
            at=candle.opened_at + MINUTE_MS,
            open=candle.open,
            high=candle.high,
            low=candle.low,
            last=candle.close,
            bid=candle.close,
            ask=candle.close,
        )
        await self.ledger.write(self.core.on_price(move))

    async def on_disk(self) -> None:
        """Wait until all that was decided is on disk."""
        if self._durable is not None:
            await self._durable

    async def clear(self) -> None:
        """Forget the orders, as if the exchange had refused them."""
        for entry in self.orders:
            order = entry.order
            await self.ledger.write(self.core.on_not_sent(order.id, "benchmark", order.created_at))
        self.orders = []
        self.core.asked_at = 0.0

    async def close(self) -> None:
        """Let the threads end, and close the journal."""
        self.decider.close()
        await self.ledger.close()

    def _hear(self, entry: AnyEntry, durable: "asyncio.Future[None]") -> None:
        self._durable = durable
        if isinstance(entry, OrderApproved):
            self.orders.append(entry)


async def _streamed(folder: Path) -> list[Taken]:
    """Let one market's candles come one after the other; return those that brought an order."""
    past, key = _past(0, ENGINE_WINDOW + STREAM), _market(0).key
    desk, disk = _Desk(folder, [_market(0)]), _Disk(folder)
    await desk.open()
    desk.decider.fill(key, past[:ENGINE_WINDOW])
    taken = []
    for end, candle in enumerate(past[ENGINE_WINDOW:].rows(), ENGINE_WINDOW + 1):
        await desk.price(key, candle)
        stages = await _timed(desk, key, candle)
        if desk.orders:
            entries = [msgspec.json.encode(entry) for entry in desk.orders]
            view = past[end - ENGINE_WINDOW : end]
            alone = _plain(desk.roster.active(), [view])
            taken.append(Taken(stages, alone, disk.sync(entries), disk.commit(entries)))
        await desk.clear()
    await desk.close()
    disk.close()
    return taken


async def _timed(desk: _Desk, key: MarketKey, candle: Candle) -> Stages:
    started = time.perf_counter()
    desk.decider.add(key, candle)
    added = time.perf_counter()
    await desk.decider.decide([key])
    decided = time.perf_counter()
    await desk.on_disk()
    ended, asked = time.perf_counter(), desk.core.asked_at
    return Stages(
        window=added - started,
        strategies=asked - added,
        core=decided - asked,
        disk=ended - decided,
        whole=ended - started,
    )


async def _burst(folder: Path, pasts: Sequence[Candles]) -> tuple[int, float]:
    """Return how many orders came of the last candles of *pasts*, and after how many seconds."""
    markets = [_market(number) for number in range(len(pasts))]
    desk = _Desk(folder, markets)
    await desk.open()
    for market, past in zip(markets, pasts, strict=True):
        desk.decider.fill(market.key, past[:-1])
        await desk.price(market.key, past.row(-1))
    closing_candles = [past.row(-1) for past in pasts]
    started = time.perf_counter()
    for market, candle in zip(markets, closing_candles, strict=True):
        desk.decider.add(market.key, candle)
    await desk.decider.decide([market.key for market in markets])
    await desk.on_disk()
    seconds = time.perf_counter() - started
    await desk.close()
    return len(desk.orders), seconds


def _plain_loop(pasts: Sequence[Candles]) -> float:
    return _plain(_strategies(), [past[-ENGINE_WINDOW:] for past in pasts])


def _plain(strategies: Sequence[Strategy], views: Sequence[Candles]) -> float:
    started = time.perf_counter()
    for strategy in strategies:
        for view in views:
            strategy.signals(view)
    return time.perf_counter() - started


class _Disk:
    """The disk by itself: the same bytes, without us."""

    def __init__(self, folder: Path):
        self._file = os.open(folder / "plain", os.O_CREAT | os.O_WRONLY)
        self._connection = database.writer(folder / "plain.sqlite")
        self._connection.execute("CREATE TABLE journal (seq INTEGER PRIMARY KEY, entry TEXT)")

    def sync(self, entries: Sequence[bytes]) -> float:
        """Write *entries* to a plain file; return the seconds."""

        def write() -> None:
            os.write(self._file, b"".join(entries))
            os.fdatasync(self._file)

        return _seconds(write)

    def commit(self, entries: Sequence[bytes]) -> float:
        """Insert *entries* with plain sqlite3; return the seconds."""
        return _seconds(lambda: self._insert(self._connection, entries))

    def close(self) -> None:
        """Close both files."""
        os.close(self._file)
        self._connection.close()

    @staticmethod
    def _insert(connection: sqlite3.Connection, entries: Sequence[bytes]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        rows = [(entry,) for entry in entries]
        connection.executemany("INSERT INTO journal (entry) VALUES (CAST(? AS TEXT))", rows)
        connection.execute("COMMIT")


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _eager_past(seed: int) -> Candles:
    """Return a market's past up to the candle on which most strategies wish to enter."""
    past = _past(seed, PAST)
    answers = [strategy.signals(past) for strategy in _strategies()]
    wishes = np.sum([answer.enter_long | answer.enter_short for answer in answers], axis=0)
    end = ENGINE_WINDOW + int(wishes[ENGINE_WINDOW:].argmax()) + 1
    eager = past[end - ENGINE_WINDOW - 1 : end]
    # All in the same instant: the markets close their candles together.
    together = past.time[-ENGINE_WINDOW - 1 :]
    return Candles(together, eager.open, eager.high, eager.low, eager.close, eager.volume)


def _past(seed: int, length: int) -> Candles:
    return SeededMarket(seed).candles("BTC-USDT-PERP", "1m", START - length * MINUTE_MS, START)


def _strategies() -> list[Strategy]:
    found = discover(SHIPPED).strategies.values()
    return [info.cls(info.cls.params_type()) for info in found]


def _market(number: int) -> Market:
    return Market(
        exchange="sim",
        symbol=f"P{number:03}-USDT-PERP",
        base=f"P{number:03}",
        quote="USDT",
        type="perpetual",
        tick=Decimal("0.1"),
        step=Decimal("0.0001"),
        min_amount=Decimal("0.0001"),
        min_notional=Decimal(1),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0006"),
        max_leverage=10,
    )
