"""A hand on the clock, a journal in memory, and books and orders in one line each."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from trading_mcp.adapters.simulated.account import Account
from trading_mcp.adapters.simulated.build import MARKETS, Simulated, open_simulated
from trading_mcp.adapters.simulated.ledger import LedgerEntry
from trading_mcp.adapters.simulated.settings import SimulatedSettings
from trading_mcp.domain.orders import ApprovedOrder
from trading_mcp.domain.quotes import Level, Move, OrderBook

START = 1_790_000_000_000


class FakeClock:
    """A clock that stands still until somebody sleeps by it."""

    def __init__(self) -> None:
        self.seconds, self.started = 0.0, START

    def now(self) -> int:
        return self.wall()

    def wall(self) -> int:
        return self.started + round(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


class MemoryJournal:
    """A journal that, while its disk is broken, keeps what it is given first in line."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.kept: tuple[int, bytes] | None = None
        self.waiting: list[bytes] = []
        self.broken = False

    async def append(self, first_seq: int, entries: Any) -> None:
        assert first_seq == len(self.lines) + len(self.waiting) + 1
        self.waiting += map(msgspec.json.encode, entries)
        await asyncio.sleep(0)
        if self.broken:
            raise OSError("disk full")
        self.lines, self.waiting = self.lines + self.waiting, []

    def snapshot(self) -> tuple[int, bytes] | None:
        return self.kept

    def entries(self, after: int) -> Any:
        for seq, line in enumerate(self.lines, start=1):
            if seq > after:
                yield seq, msgspec.json.decode(line, type=LedgerEntry)

    async def keep_snapshot(self, seq: int, state: bytes) -> None:
        self.kept = (seq, state)

    async def close(self) -> None:
        pass


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def opened(clock: FakeClock, journal: MemoryJournal) -> Callable[..., Any]:
    async def opening(**settings: Any) -> Simulated:
        return await open_simulated(
            msgspec.convert(settings, SimulatedSettings),
            clock_base=clock,
            journal=journal,
            sleep=clock.sleep,
        )

    return opening


@pytest.fixture
def account() -> Account:
    account = Account("sim", MARKETS)
    account.deposit("USDT", Decimal(10_000), START)
    return account


def _number(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


@pytest.fixture(scope="session")
def order() -> Callable[..., ApprovedOrder]:
    def making(
        client_id: str = "a",
        side: Any = "buy",
        amount: object = "0.1",
        *,
        symbol: str = "BTC-USDT",
        price: object = None,
        stop: object = None,
        reduce_only: bool = False,
        leverage: int = 1,
    ) -> ApprovedOrder:
        return ApprovedOrder(
            id=f"ord_{client_id}",
            client_id=client_id,
            exchange="sim",
            symbol=symbol,
            side=side,
            type="limit" if price is not None else "stop" if stop is not None else "market",
            amount=Decimal(str(amount)),
            price=_number(price),
            stop_price=_number(stop),
            reduce_only=reduce_only,
            leverage=leverage,
        )

    return making


@pytest.fixture(scope="session")
def book() -> Callable[..., OrderBook]:
    def making(
        bid: float = 60_000, size: float = 1.0, levels: int = 3, *, symbol: str = "BTC-USDT"
    ) -> OrderBook:
        return OrderBook(
            symbol=symbol,
            at=START,
            bids=tuple(Level(bid - 10 * n, size) for n in range(levels)),
            asks=tuple(Level(bid + 10 + 10 * n, size) for n in range(levels)),
        )

    return making


@pytest.fixture(scope="session")
def move() -> Callable[..., Move]:
    def making(
        open: float, *, high: float = 0, low: float = 0, last: float = 0, volume: float = 1e6
    ) -> Move:
        ends = (open, last or open)
        return Move(open, high or max(ends), low or min(ends), ends[1], volume)

    return making
