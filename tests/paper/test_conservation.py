"""Nothing is lost and nothing is made: paper accounts under any books, trades and orders."""

import asyncio
from collections import defaultdict
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paper_market import MARKETS, FakeClock, Scripted, approved

from trading_mcp.adapters.simulated.ledger import (
    Deposited,
    ForcedOut,
    Funded,
    LedgerEntry,
    Traded,
)
from trading_mcp.adapters.simulated.shadow import open_shadow
from trading_mcp.domain.orders import Fill
from trading_mcp.domain.quotes import Level, OrderBook
from trading_mcp.domain.reports import VenueRefused

SYMBOLS = ("BTC-USDT", "BTC-USDT-PERP")
BY_SYMBOL = {market.symbol: market for market in MARKETS}
DEPOSIT = Decimal(80_000)
TINY = Decimal("1e-6")

prices = st.integers(597_000, 603_000).map(lambda tenths: tenths / 10)
sizes = st.floats(0.001, 0.4).map(lambda size: round(size, 5))
symbols = st.sampled_from(SYMBOLS)


class Rated(Scripted):
    """Funding at one rate, whenever it is due."""

    def funding_rate(self, symbol: str, at: int) -> float:
        return 0.0003


class Memory:
    """A journal in memory."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    async def append(self, first_seq: int, entries: Any) -> None:
        assert first_seq == len(self.lines) + 1
        self.lines += map(msgspec.json.encode, entries)

    def snapshot(self) -> None:
        return None

    def entries(self, after: int) -> Any:
        for seq, line in enumerate(self.lines[after:], start=after + 1):
            yield seq, msgspec.json.decode(line, type=LedgerEntry)


step = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(
            ["order"] * 5 + ["trade"] * 5 + ["book", "mark", "cancel", "restart"]
        ),
        "symbol": symbols,
        "price": prices,
        "size": sizes,
        "levels": st.lists(sizes, min_size=1, max_size=4),
        "mark": st.integers(500_000, 700_000),
        "side": st.sampled_from(["buy", "buy", "sell"]),
        "type": st.sampled_from(["market", "limit", "limit", "stop"]),
        "reduce_only": st.sampled_from([False, False, False, True]),
        "leverage": st.integers(1, 50),
        "which": st.integers(0, 20),
    }
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(step, min_size=10, max_size=30))
def test_money_and_coins_are_exactly_what_fills_fees_and_funding_left(steps: Any) -> None:
    asyncio.run(_run(steps))


async def _run(steps: Any) -> None:
    clock, journal = FakeClock(), Memory()
    script = Rated(clock)
    script.marks[SYMBOLS[1]], script.every = Decimal(60_000), 7_000
    script.books = {symbol: _book(symbol, 60_000, [0.5, 1.0]) for symbol in SYMBOLS}
    venue = await _opened(clock, script, journal)
    for number, step in enumerate(steps):
        clock.seconds += 0.5
        symbol = step["symbol"]
        match step["kind"]:
            case "book":
                script.books[symbol] = _book(symbol, step["price"], step["levels"])
            case "trade":
                at = script.trade(step["price"], step["size"], symbol)
                await venue.advance(at, symbol)
            case "mark":
                script.marks[SYMBOLS[1]] = Decimal(step["mark"]) / 10
            case "order":
                await _send(venue, f"c{number}", **step)
            case "cancel":
                await venue.cancel(symbol, f"c{step['which']}")
            case "restart":
                await venue.close()
                venue = await _opened(clock, script, journal)
        await _audit(venue, script, journal)


async def _opened(clock: FakeClock, script: Scripted, journal: Any) -> Any:
    return await open_shadow(
        "kucoin",
        MARKETS,
        quotes=script,
        tape=script,
        clock=clock,
        journal=journal,
        balance=DEPOSIT,
        latency_ms=20,
        sleep=clock.sleep,
    )


async def _send(venue: Any, name: str, symbol: str, price: float, size: float, **wish: Any) -> None:
    order = approved(
        name,
        wish["side"],
        Decimal(str(size)).quantize(BY_SYMBOL[symbol].step),
        symbol=symbol,
        price=price if wish["type"] == "limit" else None,
        stop=price if wish["type"] == "stop" else None,
        reduce_only=wish["reduce_only"],
        leverage=wish["leverage"],
    )
    try:
        await venue.submit(order)
    except VenueRefused:
        assert await venue.order(symbol, name) is None


async def _audit(venue: Any, script: Scripted, journal: Memory) -> None:
    cash, held = _added_up(journal)
    holdings = {h.symbol: h for h in await venue.holdings()}
    assert {symbol: h.amount for symbol, h in holdings.items()} == held
    for balance in await venue.balances():
        assert -TINY <= balance.free <= balance.total + TINY
        entered = sum((h.amount * h.entry_price for h in holdings.values()), Decimal(0))
        wallet = cash[balance.currency] + (entered if balance.currency == "USDT" else 0)
        assert abs(balance.total - wallet) < TINY * TINY
        assert holdings or balance.total == wallet
    for fill in await venue.fills_since(0):
        await _must_be_earned(venue, script, fill)


def _added_up(journal: Memory) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Return the money and the positions that the facts in the journal make, by their meaning."""
    cash: defaultdict[str, Decimal] = defaultdict(Decimal)
    held = Decimal(0)
    for _, entry in journal.entries(0):
        match entry:
            case Deposited():
                cash[entry.currency] += entry.amount
            case Funded():
                cash["USDT"] += entry.paid.amount
            case ForcedOut(report=report):
                assert abs(held) == report.amount
                cash["USDT"] += held * report.price - report.fee
                held = Decimal(0)
            case Traded(fill=fill):
                sign = 1 if fill.side == "buy" else -1
                cash["USDT"] -= sign * fill.value + fill.fee
                if fill.symbol == SYMBOLS[0]:
                    cash["BTC"] += sign * fill.amount
                else:
                    held += sign * fill.amount
    return cash, {SYMBOLS[1]: held} if held else {}


async def _must_be_earned(venue: Any, script: Scripted, fill: Fill) -> None:
    """A resting order trades at its own price, and no more than others traded there or beyond."""
    market = BY_SYMBOL[fill.symbol]
    rate = market.maker_fee if fill.maker else market.taker_fee
    assert fill.fee == fill.value * rate
    report = await venue.order(fill.symbol, fill.client_id)
    if not fill.maker:
        return
    assert fill.price == report.terms.price
    mine = [f for f in await venue.fills(fill.symbol, fill.client_id) if f.maker]
    sign = 1 if fill.side == "buy" else -1
    met = [
        Decimal(str(amount))
        for symbol, _, price, amount in script.trades
        if symbol == fill.symbol and (fill.price - Decimal(str(price))) * sign >= 0
    ]
    assert sum(f.amount for f in mine) <= sum(met)


def _book(symbol: str, bid: float, amounts: list[float]) -> OrderBook:
    return OrderBook(
        symbol=symbol,
        at=0,
        bids=tuple(Level(round(bid - n, 1), size) for n, size in enumerate(amounts)),
        asks=tuple(Level(round(bid + 0.1 + n, 1), size) for n, size in enumerate(amounts)),
    )
