"""A market written by hand (book, trades, mark, funding), and paper trading on it."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

from trading_mcp.adapters.simulated.ledger import LedgerEntry
from trading_mcp.adapters.simulated.shadow import open_shadow
from trading_mcp.adapters.simulated.shadow_venue import ShadowVenue
from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.domain.markets import Market
from trading_mcp.domain.orders import ApprovedOrder
from trading_mcp.domain.quotes import Level, Move, NoQuote, OrderBook, PriceMove

START = 1_790_000_040_000
"""The beginning of a minute, UTC ms."""
MINUTE = 60_000
HOUR = 60 * MINUTE
SPOT, PERP, COIN, IN_USDC = "BTC-USDT", "BTC-USDT-PERP", "ETH-BTC", "ETH-USDC"


def market(symbol: str, **terms: Any) -> Market:
    base, quote = symbol.removesuffix("-PERP").split("-")
    perpetual = {
        "type": "perpetual",
        "tick": Decimal("0.1"),
        "step": Decimal("0.001"),
        "min_amount": Decimal("0.001"),
        "min_notional": Decimal(0),
        "maker_fee": Decimal("0.0002"),
        "taker_fee": Decimal("0.0006"),
        "max_leverage": 50,
        "maintenance_margin": Decimal("0.005"),
    }
    spot = {
        "type": "spot",
        "tick": Decimal("0.1"),
        "step": Decimal("0.00001"),
        "min_amount": Decimal("0.0001"),
        "min_notional": Decimal(5),
        "maker_fee": Decimal("0.0008"),
        "taker_fee": Decimal("0.001"),
    }
    kind = perpetual if symbol.endswith("-PERP") else spot
    named = {"exchange": "kucoin", "symbol": symbol, "base": base, "quote": quote}
    return Market(**(named | kind | terms))


MARKETS = (
    market(SPOT),
    market(PERP),
    market(COIN, tick=Decimal("0.00001"), step=Decimal("0.001"), min_notional=Decimal("0.0001")),
    market(IN_USDC),
)


class FakeClock:
    """A clock that stands still until somebody sleeps by it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> int:
        return self.wall()

    def wall(self) -> int:
        return START + round(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


class Scripted:
    """Quotes and a tape as they are written down here; what is not written is not known."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.books: dict[str, OrderBook] = {}
        self.marks: dict[str, Decimal] = {}
        self.trades: list[tuple[str, int, float, float]] = []
        self.candles: dict[tuple[str, int], Move] = {}
        self.rates: dict[int, float] = {}
        self.every = 8 * HOUR
        self.recalled: list[tuple[str, int, int]] = []

    def book(
        self, bid: float = 60_000, size: float = 1.0, levels: int = 3, symbol: str = SPOT
    ) -> None:
        """Show *levels* of *size* each, ten apart."""
        self.books[symbol] = OrderBook(
            symbol=symbol,
            at=self._clock.now(),
            bids=tuple(Level(bid - 10 * n, size) for n in range(levels)),
            asks=tuple(Level(bid + 10 + 10 * n, size) for n in range(levels)),
        )

    def trade(self, price: float, amount: float = 1.0, symbol: str = SPOT, after: int = 1) -> int:
        """Let somebody trade, *after* milliseconds; return when it was."""
        self._clock.seconds += after / 1000
        self.trades.append((symbol, self._clock.now(), price, amount))
        return self._clock.now()

    def depth(self, symbol: str) -> OrderBook:
        if symbol not in self.books:
            raise NoQuote("the stream is down")
        return self.books[symbol]

    def mark(self, symbol: str) -> Decimal:
        if symbol not in self.marks:
            raise NoQuote("no mark price")
        return self.marks[symbol]

    def funding_rate(self, symbol: str, at: int) -> float:
        if at not in self.rates:
            raise NoQuote("no rate")
        return self.rates[at]

    def funding_after(self, symbol: str, at: int) -> int:
        return (at // self.every + 1) * self.every

    def move(self, symbol: str, since: int, until: int) -> Move | None:
        opens = range(-(-since // MINUTE) * MINUTE, until - MINUTE + 1, MINUTE)
        moves = [self.candles[symbol, at] for at in opens if (symbol, at) in self.candles]
        moves += [
            Move(price, price, price, price, amount)
            for name, at, price, amount in self.trades
            if name == symbol and since < at <= until
        ]
        if not moves:
            return None
        high, low = max(m.high for m in moves), min(m.low for m in moves)
        return Move(moves[0].open, high, low, moves[-1].last, sum(m.volume for m in moves))


class Paper:
    """A paper account at the scripted market, over a real journal."""

    def __init__(self, path: Path, clock: FakeClock, script: Scripted) -> None:
        self.path, self.clock, self.script = path, clock, script
        self.journals: list[SqliteJournal[LedgerEntry]] = []
        self.venue: ShadowVenue

    async def open(self, **settings: Any) -> ShadowVenue:
        """Open it, again if it was open: as after a kill, nobody has closed it before."""
        journal: SqliteJournal[LedgerEntry] = SqliteJournal(self.path, LedgerEntry)
        self.journals.append(journal)
        terms: dict[str, Any] = {"markets": MARKETS, "balance": 100_000, "latency_ms": 50}
        terms |= settings
        self.venue = await open_shadow(
            "kucoin",
            terms.pop("markets"),
            quotes=self.script,
            tape=self.script,
            clock=self.clock,
            journal=journal,
            sleep=self.clock.sleep,
            **terms,
        )
        return self.venue

    async def trade(self, price: float, amount: float = 1.0, symbol: str = SPOT) -> None:
        """Let somebody trade, and the venue hear of it."""
        await self.venue.advance(self.script.trade(price, amount, symbol), symbol)

    async def status(self, client_id: str) -> tuple[str, Decimal]:
        report = await self.venue.order(SPOT, client_id)
        assert report is not None
        return report.status, report.filled

    async def taken(self, client_id: str) -> list[tuple[Decimal, Decimal]]:
        """Return the amounts and prices at which an order traded."""
        return [(f.amount, f.price) for f in await self.venue.fills(SPOT, client_id)]

    async def money(self) -> dict[str, tuple[Decimal, Decimal]]:
        return {b.currency: (b.total, b.free) for b in await self.venue.balances()}


def price_move(symbol: str, at: int, price: float) -> PriceMove:
    return PriceMove(
        market=f"kucoin:{symbol}",
        at=at,
        open=price,
        high=price,
        low=price,
        last=price,
        bid=price,
        ask=price,
    )


def approved(
    client_id: str = "a",
    side: Any = "buy",
    amount: object = "0.1",
    *,
    symbol: str = SPOT,
    price: object = None,
    stop: object = None,
    reduce_only: bool = False,
    leverage: int = 1,
) -> ApprovedOrder:
    return ApprovedOrder(
        id=f"ord_{client_id}",
        client_id=client_id,
        exchange="kucoin",
        symbol=symbol,
        side=side,
        type="limit" if price is not None else "stop" if stop is not None else "market",
        amount=Decimal(str(amount)),
        price=_number(price),
        stop_price=_number(stop),
        reduce_only=reduce_only,
        leverage=leverage,
    )


def _number(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))
