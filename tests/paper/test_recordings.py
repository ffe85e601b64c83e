"""On recorded markets: no order does better than what was really traded allows."""

import os
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from paper_market import MINUTE, SPOT, START, market

from trading_mcp.domain.orders import Fill
from trading_mcp.domain.quotes import Level, Move, OrderBook

REAL = Path(
    os.environ.get("TRADING_MCP_REAL_DATA", Path(__file__).parents[3] / "shared" / "real")
).resolve()
TRADES = REAL / "market/trades/freqtrade_ETH-USDT_trades_2023-02.parquet"
CANDLES = REAL / "market/ohlcv/kucoin_spot_BTC-USDT_1m_2023.parquet"
ETH = market("ETH-USDT", tick=Decimal("0.01"), step=Decimal("0.001"))

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"no recordings in {REAL}")


class Trade(NamedTuple):
    at: int
    price: float
    amount: float


@pytest.fixture(scope="module")
def recorded() -> list[Trade]:
    import polars as pl

    columns = pl.read_parquet(TRADES).select("timestamp", "price", "amount")
    return [Trade(*row) for row in columns.iter_rows()]


@pytest.fixture(scope="module")
def day() -> list[tuple[int, Move]]:
    """The recording's first day, put where the script's time begins."""
    import polars as pl

    rows = pl.read_parquet(CANDLES).head(1440).iter_rows()
    first: int | None = None
    moves = []
    for at, *prices in rows:
        first = at if first is None else first
        moves.append((START + at - first, Move(*map(float, prices))))
    return moves


@pytest.mark.parametrize("seed", range(2))
async def test_resting_orders_share_what_was_traded_at_their_price_or_beyond(
    paper: Any, script: Any, order: Any, clock: Any, recorded: list[Trade], seed: int
) -> None:
    chance, placed = random.Random(seed), dict[str, int]()
    clock.seconds = (recorded[0].at - START) / 1000 - 1
    await paper.open(markets=[ETH], balance=10**8, latency_ms=20)
    for number, trade in enumerate(recorded):
        clock.seconds = max(clock.seconds, (trade.at - START) / 1000)
        _show(script, trade.price)
        script.trades.append((ETH.symbol, trade.at, trade.price, trade.amount))
        await paper.venue.advance(trade.at, ETH.symbol)
        if number % 25 == 0:
            name = f"{number}"
            await paper.venue.submit(order(name, **_wish(chance, trade.price)))
            placed[name] = clock.now()

    fills = [f for f in await paper.venue.fills_since(0) if f.maker]
    assert len({f.client_id for f in fills}) > 5
    for name, at in placed.items():
        mine = [fill for fill in fills if fill.client_id == name]
        assert _filled(mine) <= _offered(mine, recorded, at)
    total = sum(trade.amount for trade in recorded)
    assert float(_filled(fills)) <= total


def _wish(chance: random.Random, price: float) -> dict[str, Any]:
    level = round(price - chance.choice([0.01, 0.05, 0.2, 0.5]), 2)
    return {"symbol": ETH.symbol, "amount": chance.choice(["0.05", "1", "20"]), "price": level}


def _filled(fills: list[Fill]) -> Decimal:
    return sum((fill.amount for fill in fills), Decimal(0))


def _offered(fills: list[Fill], recorded: list[Trade], after: int) -> Decimal:
    """Return what was traded at the fills' price or below it, after the order came."""
    if not fills:
        return Decimal(0)
    price, until = float(fills[0].price), fills[-1].at
    met = [t.amount for t in recorded if after < t.at <= until and t.price <= price]
    return sum((Decimal(str(amount)) for amount in met), Decimal(0))


def _show(script: Any, price: float) -> None:
    """Show a book around the last trade; the recording has none."""
    script.books[ETH.symbol] = OrderBook(
        symbol=ETH.symbol,
        at=0,
        bids=tuple(Level(round(price - 0.01 * (n + 1), 2), 5.0) for n in range(20)),
        asks=tuple(Level(round(price + 0.01 * (n + 1), 2), 5.0) for n in range(20)),
    )


async def test_stops_sell_no_better_than_the_trade_that_reached_them(
    paper: Any, script: Any, order: Any, clock: Any, recorded: list[Trade]
) -> None:
    clock.seconds = (recorded[0].at - START) / 1000 - 1
    await paper.open(markets=[ETH], balance=10**6, latency_ms=0)
    _show(script, recorded[0].price)
    await paper.venue.submit(order("in", amount="9", symbol=ETH.symbol))
    levels = {f"s{n}": round(recorded[0].price - 0.05 * (n + 1), 2) for n in range(9)}
    for name, level in levels.items():
        await paper.venue.submit(order(name, "sell", "1", symbol=ETH.symbol, stop=level))
    placed = clock.now()

    for trade in recorded:
        clock.seconds = max(clock.seconds, (trade.at - START) / 1000)
        _show(script, trade.price)
        script.trades.append((ETH.symbol, trade.at, trade.price, trade.amount))
        await paper.venue.advance(trade.at, ETH.symbol)

    reached = 0
    for name, level in levels.items():
        first = next((t for t in recorded if t.at > placed and t.price <= level), None)
        fills = [f for f in await paper.venue.fills_since(0) if f.client_id == name]
        assert bool(fills) == (first is not None)
        reached += first is not None
        assert all(f.at == first.at and float(f.price) <= first.price for f in fills)  # type: ignore[union-attr]
    assert reached


async def test_a_day_slept_through_fills_no_more_than_its_minutes_traded(
    paper: Any, script: Any, order: Any, clock: Any, day: list[tuple[int, Move]]
) -> None:
    opened = day[0][1].open
    levels = {f"b{n}": round(opened * (1 - 0.002 * (n + 1)), 1) for n in range(10)}
    await paper.open(balance=10**8)
    script.book(opened)
    await paper.venue.submit(order("in", amount="3"))
    for name, level in levels.items():
        await paper.venue.submit(order(name, price=level, amount="2"))
    await paper.venue.submit(order("stop", "sell", "3", stop=round(opened * 0.99, 1)))
    clock.seconds = 86_400 + 5

    async def recall(symbol: str, since: int, until: int) -> None:
        script.candles.update({(SPOT, at): move for at, move in day if since <= at < until})

    await paper.open(recall=recall)

    later = [(at, move) for at, move in day if at >= START + MINUTE]
    for name, level in levels.items():
        low = min(move.low for _, move in later)
        fills = await paper.venue.fills(SPOT, name)
        assert bool(fills) == (low <= level)
        for fill in fills:
            (move,) = [m for at, m in later if at + MINUTE == fill.at]
            assert move.low <= level
            assert float(fill.amount) <= move.volume
    (sold,) = await paper.venue.fills(SPOT, "stop") or [None]
    below = _first_below(later, opened * 0.99)
    assert (sold is None) == (below is None)
    if sold is not None and below is not None:
        assert (sold.at, float(sold.price)) == (below[0] + MINUTE, below[1].low)


def _first_below(moves: list[tuple[int, Move]], level: float) -> tuple[int, Move] | None:
    found: Iterator[tuple[int, Move]] = ((at, m) for at, m in moves if m.low <= round(level, 1))
    return next(found, None)
