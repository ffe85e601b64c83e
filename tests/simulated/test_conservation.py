"""Nothing is lost and nothing is made: the account under any sequence of orders and prices."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from trading_mcp.adapters.simulated.account import Account
from trading_mcp.adapters.simulated.build import MARKETS
from trading_mcp.adapters.simulated.ledger import (
    Deposited,
    ForcedOut,
    Funded,
    LedgerEntry,
    State,
    Traded,
)
from trading_mcp.adapters.simulated.margins import wallet
from trading_mcp.adapters.simulated.statements import balances
from trading_mcp.domain.orders import ApprovedOrder
from trading_mcp.domain.quotes import Level, Move, OrderBook
from trading_mcp.domain.reports import VenueRefused

SYMBOLS = ("ETH-USDT", "ETH-USDT-PERP", "DOGE-USDT-PERP")
BY_SYMBOL = {market.symbol: market for market in MARKETS}
FIRST_PRICE = {"ETH-USDT": 3000.0, "ETH-USDT-PERP": 3000.0, "DOGE-USDT-PERP": 0.15}
NEARLY_NOTHING = Decimal("1e-6")

symbols = st.sampled_from(SYMBOLS)
sides = st.sampled_from(["buy", "sell"])


class Trading(RuleBasedStateMachine):
    """Orders, prices, funding and restarts in any order, and after each the books are audited."""

    @initialize(deposit=st.integers(500, 10**6))
    def open_account(self, deposit: int) -> None:
        self.account, self.now, self.sent = Account("sim", MARKETS), 1, 0
        self.deposit = deposit
        self.prices = dict(FIRST_PRICE)
        self.entries: list[LedgerEntry] = []
        self.entries += self.account.deposit("USDT", Decimal(deposit), self.now)

    @rule(
        symbol=symbols,
        side=sides,
        kind=st.sampled_from(["market", "market", "limit", "stop"]),
        share=st.floats(0.01, 1.2),
        away=st.floats(-0.05, 0.05),
        leverage=st.integers(1, 20),
        reduce_only=st.booleans(),
        repeat=st.sampled_from([False, False, False, True]),
        depth=st.floats(1000, 1e8),
    )
    def send(self, repeat: bool, depth: float, **wish: Any) -> None:
        self.sent += not repeat
        self.now += 1
        order, offered = self._order(**wish), self._book(wish["symbol"], depth)
        before, refusal = msgspec.msgpack.encode(self.account.state), None
        known = self.account.state.order(order.client_id) is not None
        try:
            self.entries += self.account.submit(order, self.now, offered)
        except VenueRefused as refused:
            refusal = refused.code
        assert (refusal == "duplicate_client_id") == known
        assert (refusal is None) == (msgspec.msgpack.encode(self.account.state) != before)

    @rule(which=st.integers(0, 100))
    def cancel(self, which: int) -> None:
        self.now += 1
        self.entries += self.account.cancel(f"c{which % max(self.sent, 1)}", self.now)

    @rule(
        symbol=symbols,
        jump=st.floats(-0.03, 0.03),
        up=st.floats(0, 0.15),
        down=st.floats(0, 0.15),
        end=st.floats(0, 1),
        volume=st.integers(0, 10_000),
    )
    def trade_on(
        self, symbol: str, jump: float, up: float, down: float, end: float, volume: int
    ) -> None:
        self.now += 1000
        opened = self._tick(symbol, self.prices[symbol] * (1 + jump))
        high, low = self._tick(symbol, opened * (1 + up)), self._tick(symbol, opened * (1 - down))
        last = self._tick(symbol, low + (high - low) * end)
        self.prices[symbol] = last
        move = Move(opened, max(high, last), min(low, last), last, volume)
        margins = {s.symbol: s.margin for s in self.account.state.stakes.values()}
        wealth = self._wallet()
        told = self.account.move(symbol, move, self.now, lambda: self._book(symbol, 1e7))
        self.entries += told
        if len(told) == 1 and isinstance(told[0], ForcedOut):
            assert self._wallet() == wealth - margins[symbol]

    @rule(symbol=symbols, rate=st.sampled_from([-0.03, -0.0005, 0.0001, 0.0005, 0.03]))
    def fund(self, symbol: str, rate: float) -> None:
        self.now += 1000
        mark = Decimal(str(self.prices[symbol]))
        self.entries += self.account.fund(symbol, rate, mark, self.now)

    @rule()
    def restart(self) -> None:
        packed = msgspec.msgpack.encode(self.account.state)
        self.account = Account("sim", MARKETS, msgspec.msgpack.decode(packed, type=State))

    @invariant()
    def the_state_is_what_the_entries_add_up_to(self) -> None:
        lines = [msgspec.json.encode(entry) for entry in self.entries]
        state = State()
        for line in lines:
            state.apply(msgspec.json.decode(line, type=LedgerEntry), BY_SYMBOL)
        assert state == self.account.state

    @invariant()
    def money_is_neither_lost_nor_made(self) -> None:
        held: defaultdict[str, Decimal] = defaultdict(Decimal)
        for entry in self.entries:
            for name, amount in flows(entry, held):
                held[name] += amount
        state = self.account.state
        assert state.cash == {name: held[name] for name in state.cash}
        sizes = {symbol: amount for symbol, amount in held.items() if amount and "PERP" in symbol}
        assert {s.symbol: s.sign * s.size for s in state.stakes.values()} == sizes

    @invariant()
    def nothing_is_owed(self) -> None:
        stakes = self.account.state.stakes.values()
        margins = sum((stake.margin for stake in stakes), Decimal(0))
        assert self._wallet() - margins >= -NEARLY_NOTHING
        assert all(stake.margin >= 0 and stake.drained >= 0 for stake in stakes)
        assert self.account.state.cash.get("ETH", 0) >= 0
        for balance in balances(self.account.state, BY_SYMBOL):
            assert balance.free <= balance.total + NEARLY_NOTHING

    @invariant()
    def every_trade_has_its_own_number_and_its_order(self) -> None:
        fills = [entry.fill for entry in self.entries if isinstance(entry, Traded)]
        forced = [entry.report.trade_id for entry in self.entries if isinstance(entry, ForcedOut)]
        numbers = [*forced, *(fill.trade_id for fill in fills)]
        assert len(set(numbers)) == len(numbers)
        for order in (*self.account.state.orders.values(), *self.account.state.ended.values()):
            assert order.fills == tuple(f for f in fills if f.client_id == order.client_id)
            assert order.filled == sum((f.amount for f in order.fills), Decimal(0)) <= order.amount
            for fill in order.fills:
                assert not order.price or (order.price - fill.price) * order.sign >= 0

    def _wallet(self) -> Decimal:
        return wallet(self.account.state, BY_SYMBOL, "USDT")

    def _tick(self, symbol: str, price: float) -> float:
        market = BY_SYMBOL[symbol]
        return float(max(market.near_price(Decimal(str(price))), 100 * market.tick))

    def _order(
        self,
        symbol: str,
        side: Any,
        kind: Any,
        share: float,
        away: float,
        leverage: int,
        reduce_only: bool,
    ) -> ApprovedOrder:
        market, price = BY_SYMBOL[symbol], self.prices[symbol]
        level = Decimal(str(self._tick(symbol, price * (1 + away))))
        value = share * self.deposit * (leverage if market.type == "perpetual" else 1)
        return ApprovedOrder(
            id=f"o{self.sent}",
            client_id=f"c{self.sent}",
            exchange="sim",
            symbol=symbol,
            side=side,
            type=kind,
            amount=max(market.amount(Decimal(str(value / price))), market.step),
            price=level if kind == "limit" else None,
            stop_price=level if kind == "stop" else None,
            reduce_only=reduce_only,
            leverage=leverage,
        )

    def _book(self, symbol: str, depth: float) -> OrderBook:
        price, tick = self.prices[symbol], float(BY_SYMBOL[symbol].tick)
        sizes = [depth / price * share for share in (0.2, 0.3, 0.5)]
        return OrderBook(
            symbol=symbol,
            at=self.now,
            bids=tuple(Level(price - n * 5 * tick, size) for n, size in enumerate(sizes)),
            asks=tuple(Level(price + (n * 5 + 1) * tick, size) for n, size in enumerate(sizes)),
        )


def flows(entry: LedgerEntry, held: Mapping[str, Decimal]) -> list[tuple[str, Decimal]]:
    """Return what an entry moves, worked out from the reports alone; *held* is what was before."""
    match entry:
        case Deposited():
            return [(entry.currency, entry.amount)]
        case Traded(fill=fill):
            sign = 1 if fill.side == "buy" else -1
            asset = fill.symbol.removesuffix("-USDT")
            return [("USDT", -sign * fill.value - fill.fee), (asset, sign * fill.amount)]
        case Funded():
            return [("USDT", entry.paid.amount)]
        case ForcedOut(report=report):
            position = held[report.symbol]
            assert abs(position) == report.amount
            return [("USDT", position * report.price - report.fee), (report.symbol, -position)]
    return []


class TestConservation(Trading.TestCase):
    settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
