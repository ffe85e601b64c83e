"""What may happen in the world, each thing chosen by dice: hypothesis's, or a seed's."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any, Protocol

import msgspec
from engine_exchange import TruthfulExchange
from engine_world import World

from trading_mcp.domain import entries as e
from trading_mcp.domain.orders import ExitPlan, Order
from trading_mcp.domain.positions import closing_side
from trading_mcp.domain.reports import FundingPaid, Liquidated, OrderTerms
from trading_mcp.engine.desk import Wished

PLANS = [
    None,
    ExitPlan(stop_loss_pct=2.0, take_profit_pct=4.0),
    ExitPlan(stop_loss_pct=1.0, trailing_pct=1.0),
    ExitPlan(stop_loss_pct=0.0),
]
SHARES = [Decimal(1), Decimal(1), Decimal("0.6"), Decimal("0.25")]
NAMES, CURRENCIES = ["sim", "sim", "kex"], ["USDT", "BTC", "KCS"]
KINDS = ["market", "market", "limit", "stop"]
FATES = ["taken"] * 4 + ["unanswered", "late", "lost", "refused"]
FEES = ["quote", "base", "third", "none"]
WEIGHTS = {
    "orders": 14,
    "makes_smaller": 3,
    "closes": 2,
    "moves_a_stop": 2,
    "cancels": 2,
    "an_order_leaves": 6,
    "arrives": 2,
    "is_looked_for": 2,
    "a_cancel_arrives": 2,
    "trades": 8,
    "tells": 3,
    "repeats": 1,
    "reports": 4,
    "takes_away": 1,
    "price": 7,
    "time": 2,
    "stream": 1,
    "doubt": 1,
    "all_clear": 6,
    "crash": 1,
    "rest": 1,
    "limits": 1,
    "kill": 1,
    "foreign": 1,
    "adoption": 1,
    "transfer": 1,
    "difference": 1,
    "funding": 1,
    "liquidation": 1,
    "is_buried_alive": 1,
}
OFTEN = [name for name, weight in WEIGHTS.items() for _ in range(weight)]
"""The names of all that may happen, each as often as it should."""


class Dice(Protocol):
    """Chooses."""

    def of(self, several: Collection[Any]) -> Any:
        """Return one of *several*, None if there is none."""

    def number(self, low: int, high: int) -> int:
        """Return a number from *low* to *high*."""


class Happenings(World):
    """The world, with all that may happen in it."""

    def happen(self, what: str, dice: Dice) -> None:
        """Let it happen, and see that nothing is wrong after it."""
        getattr(self, what)(dice)
        self.must_be_right()

    # What callers do

    def orders(self, dice: Dice) -> None:
        market = dice.of(self.core.markets.values())
        sides = ["buy", "sell"] if market.can_short else ["buy"] * 7 + ["sell"]
        side, kind = dice.of(sides), dice.of(KINDS)
        order = self.bench.submit(
            side,
            str(dice.number(20, 4_000) / 1000),
            market=market,
            owner=dice.of(["manual", "manual", "wise", "bold"]),
            plan=dice.of(PLANS),
            leverage=dice.number(1, 2) if market.can_short else 1,
            **self.levels(market, side, kind),
        )
        if isinstance(order, Order):
            self.goes_on(dice, order)

    def goes_on(self, dice: Dice, order: Order) -> None:
        """Most orders leave at once, and many trade."""
        then = dice.of(["trades", "trades", "leaves", "waits"])
        if then == "waits":
            return
        self.send(order.id, dice.of(FATES))
        exchange = self.exchanges[order.exchange]
        held = exchange.orders.get(order.client_id)
        if then == "trades" and held is not None and held.remaining:
            self.trade_some(dice, exchange, order.client_id)

    def makes_smaller(self, dice: Dice) -> None:
        position = dice.of(self.state.positions.values())
        if position is None:
            return
        market, side = self.core.markets[position.market], closing_side(position.side)
        amount = market.amount(position.size * dice.of(SHARES))
        stops, made = self.core.make_way(position.id, amount, self.bench.now + 60_000)
        self.hear(made)
        for stop in stops:
            self.cancel_goes_out(self.state.orders[stop.id])
        if not any(stop.id in self.state.orders for stop in stops):
            order = self.bench.submit(
                side,
                str(amount),
                market=market,
                owner=position.owner,
                leverage=position.leverage,
                reduces=position.id,
                **self.levels(market, side, dice.of(KINDS)),
            )
            if isinstance(order, Order):
                self.goes_on(dice, order)
        self.core.end_way(position.id)

    def closes(self, dice: Dice) -> None:
        position = dice.of(self.state.positions.values())
        if position is not None:
            made = self.core.close_position(position.id, Wished("somebody"), self.bench.now)
            self.hear(made)

    def moves_a_stop(self, dice: Dice) -> None:
        position = dice.of(self.state.positions.values())
        if position is None:
            return
        percent = dice.of([-3, -1, 1]) * position.sign
        level = self.core.markets[position.market].near_price(self.last * (100 + percent) / 100)
        moved = msgspec.structs.replace(position, stop_loss=level, stops_by_hand=True)
        self.record(e.PositionChanged, position=moved, why="by hand", principal="test")

    def cancels(self, dice: Dice) -> None:
        order = dice.of([o for o in self.state.orders.values() if not o.protective])
        if order is not None:
            self.hear(self.core.request_cancel(order.id, self.bench.now))

    # What becomes of what is sent

    def an_order_leaves(self, dice: Dice) -> None:
        order_id = dice.of(self.outbox)
        if order_id is not None:
            self.send(order_id, dice.of(FATES))

    def arrives(self, dice: Dice) -> None:
        approved = dice.of(self.wire)
        if approved is not None:
            self.arrive(approved)

    def is_looked_for(self, dice: Dice) -> None:
        order = dice.of([o for o in self.state.orders.values() if o.status == "unknown"])
        if order is not None:
            self.look_for(order)

    def is_buried_alive(self, dice: Dice) -> None:
        """An exchange takes an order after all that it promised: then everything must stop."""
        late = [self.state.orders.get(approved.id) for approved in self.wire]
        order = dice.of([o for o in late if o is not None and not o.reduce_only])
        if order is not None:
            self.buried_alive.add(order.id)
            self.bury(order)

    def a_cancel_arrives(self, dice: Dice) -> None:
        order = dice.of([o for o in self.state.orders.values() if o.cancelling])
        if order is not None:
            self.cancel_goes_out(order, told=dice.of([True, False]))

    # What the exchange does

    def trades(self, dice: Dice) -> None:
        picked = dice.of(self.live())
        if picked is not None:
            self.trade_some(dice, *picked)

    def trade_some(self, dice: Dice, exchange: TruthfulExchange, client_id: str) -> None:
        held = exchange.orders[client_id]
        market = self.core.markets[f"{exchange.name}:{held.symbol}"]
        share, fee = dice.of(SHARES), dice.of(FEES)
        amount = min(held.remaining, max(market.amount(held.remaining * share), market.step))
        fill = self.trade(exchange, client_id, amount, fee)
        if dice.of([True, False]):
            self.tell(fill)

    def tells(self, dice: Dice) -> None:
        fill = dice.of(self.untold)
        if fill is not None:
            self.tell(fill)

    def repeats(self, dice: Dice) -> None:
        fill = dice.of(self.told.values())
        if fill is not None:
            self.tell(fill)

    def reports(self, dice: Dice) -> None:
        how = dice.of(["whole", "bare", "old"])
        known = [(x, c) for x in self.exchanges.values() for c in x.orders]
        picked, old = dice.of(known), dice.of(self.old_reports)
        if picked is not None and how == "whole":
            self.take_in(*picked)
        elif picked is not None and how == "bare":
            self.hear(self.core.on_report(self.report(*picked)))
        elif old is not None:
            self.hear(self.core.on_report(old))

    def takes_away(self, dice: Dice) -> None:
        picked = dice.of(self.live())
        if picked is not None:
            picked[0].cancel(picked[1])

    # What comes

    def price(self, dice: Dice) -> None:
        tenths = min(1_030, max(970, int(self.last * 10) + dice.number(-12, 12)))
        self.last, span = Decimal(tenths) / 10, dice.of([0.0, 0.0, 2.0])
        at = float(self.last)
        self.bench.price(at, high=at + span, low=at - span)

    def time(self, dice: Dice) -> None:
        self.bench.wait(dice.of([500, 2_500, 70_000]))

    def stream(self, dice: Dice) -> None:
        self.core.on_stream_lost(dice.of(NAMES))

    def doubt(self, dice: Dice) -> None:
        self.core.doubt(dice.of(NAMES), "a", "did not answer")

    def crash(self, dice: Dice) -> None:
        """The server is killed, and starts again on what is on disk."""
        waiting, self.outbox = self.outbox, []
        self.bench.restart()
        for order_id in waiting:
            assert self.core.hand_out(order_id) is None, "an order was handed out after a restart"
            self.hear(self.core.on_unknown(order_id, "the server stopped", self.bench.now))

    def rest(self, dice: Dice) -> None:
        self.comes_to_rest()

    # What comes from people, and without us

    def limits(self, dice: Dice) -> None:
        total = float(dice.of([300, 1_000, 2_000]))
        changed = msgspec.structs.replace(
            self.state.parameters,
            max_total_exposure_usd=total,
            max_position_size_usd=total * 0.6,
            max_open_positions=dice.number(1, 4),
        )
        self.record(e.ParametersChanged, parameters=changed, principal="test")

    def kill(self, dice: Dice) -> None:
        self.hear(self.core.kill("test", "test", self.bench.now))
        self.killed = True

    def all_clear(self, dice: Dice) -> None:
        """A person has looked, and the exchanges answer again."""
        if self.killed:
            self.record(e.KillSwitchChanged, switch=None, principal="test")
        for asset in sorted(self.halted):
            self.record(e.TradingResumed, asset=asset, principal="test")
        for name in self.exchanges:
            self.core.trust(name, "a")
        self.killed = False
        self.halted.clear()

    def foreign(self, dice: Dice) -> None:
        market = dice.of(self.core.markets.values())
        self.names += 1
        terms = OrderTerms(
            side=dice.of(["buy", "sell"]),
            type="limit",
            amount=Decimal(dice.number(1, 100)) / 100,
            price=Decimal(100),
        )
        self.exchanges[market.exchange].place(f"hand-{self.names}", market.symbol, terms)

    def adoption(self, dice: Dice) -> None:
        for exchange in self.exchanges.values():
            self.adopt(exchange)

    def transfer(self, dice: Dice) -> None:
        amount, times = dice.of([Decimal(5), Decimal("0.3")]), dice.number(1, 2)
        self.move_money(dice.of(NAMES), dice.of(CURRENCIES), amount, times)

    def funding(self, dice: Dice) -> None:
        amount = Decimal(dice.number(-100, 100)) / 1_000
        self.names += 1
        paid = FundingPaid(
            exchange="sim",
            symbol="BTC-USDT-PERP",
            funding_id=f"f{self.names}",
            rate=0.0001,
            amount=amount,
            at=self.bench.now,
        )
        self.exchanges["sim"].balances["USDT"] += amount
        self.cash["sim", "USDT"] += amount
        for _ in range(dice.number(1, 2)):
            self.hear(self.core.on_funding(paid))

    def liquidation(self, dice: Dice) -> None:
        """The exchange closes the perpetual's positions by force, and what rests to do so."""
        name, exchange = "BTC-USDT-PERP", self.exchanges["sim"]
        net = sum(p.sign * p.size for p in self.core.standings.positions_in(f"sim:{name}"))
        if self.untold or self.wire or self.outbox or not net or net != self.cash["sim", name]:
            return
        if any(o.status == "unknown" for o in self.state.orders.values()):
            return
        for client_id, held in exchange.orders.items():
            if held.symbol == name and held.terms.reduce_only:
                exchange.cancel(client_id)
        self.names += 1
        report = Liquidated(
            exchange="sim",
            symbol=name,
            trade_id=f"l{self.names}",
            amount=abs(net),
            price=self.last,
            fee=Decimal("0.5"),
            at=self.bench.now,
        )
        for currency, change in ((name, -net), ("USDT", net * self.last - report.fee)):
            exchange.balances[currency] += change
            self.cash["sim", currency] += change
        self.written_off[f"sim:{name}"] += net
        for _ in range(dice.number(1, 2)):
            self.hear(self.core.on_liquidated(report))

    def difference(self, dice: Dice) -> None:
        """A balance is not what it should be, and nobody knows why."""
        working = [o for o in self.state.orders.values() if o.reduce_only or o.status == "unknown"]
        if self.untold or self.wire or self.outbox or working:
            return
        name, currency = dice.of(NAMES), dice.of(CURRENCIES)
        amount = dice.of([Decimal("0.4"), Decimal("-0.2"), Decimal("0.000001")])
        self.exchanges[name].balances[currency] += amount
        self.cash[name, currency] += amount
        asset, total = f"{name}:{currency}", self.exchanges[name].balances[currency]
        self.names += 1
        why = f"correction {self.names}"
        self.hear(self.core.on_balance(name, currency, total, why))
        self.hear(self.core.on_mismatch(asset, amount, why))
        self.halted |= set(self.state.halted)
        assert asset in self.state.halted or currency != "USDT" or abs(amount) < Decimal("1e-4")
