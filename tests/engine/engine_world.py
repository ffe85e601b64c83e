"""An account at two exchanges, and the wire between: it loses, delays, doubles and reorders."""

from collections import defaultdict
from decimal import Decimal

import msgspec
from engine_exchange import TruthfulExchange, brought, changes

from trading_mcp.domain import entries as e
from trading_mcp.domain.markets import ExchangeTerms, Market
from trading_mcp.domain.orders import EXTERNAL, ApprovedOrder, Fill, Order, may_become
from trading_mcp.domain.positions import closing_side
from trading_mcp.domain.reports import OrderReport, Transferred
from trading_mcp.engine.protection import BESIDE_TRIES
from trading_mcp.engine.standings import Standings
from trading_mcp.engine.state import State, encoded

ZERO, PICO = Decimal(0), Decimal("1e-12")
DECODER = msgspec.json.Decoder(e.AnyEntry)


class World:
    """The engine on one side, the truth on the other. `sim` holds stops and may have a cap."""

    def __init__(self, bench_type, spot: Market, perpetual: Market, cap: Decimal | None):
        markets = (spot, perpetual, msgspec.structs.replace(spot, exchange="kex"))
        self.cap, self.killed, self.halted = cap, False, set()
        self.exchanges = {name: TruthfulExchange(name) for name in ("sim", "kex")}
        self.shadow = State()
        self.outbox: list[str] = []
        self.wire: list[ApprovedOrder] = []
        self.untold: list[Fill] = []
        self.told: dict[tuple, Fill] = {}
        self.old_reports: list[OrderReport] = []
        self.cash = defaultdict(Decimal, {("sim", "USDT"): Decimal(10_000)})
        self.exchanges["sim"].balances["USDT"] = Decimal(10_000)
        self.written_off = defaultdict(Decimal)
        self.seen: dict[str, Order] = {}
        self.sizes: dict[str, Decimal] = {}
        self.handed: set[str] = set()
        self.buried_alive: set[str] = set()
        self.names, self.last = 0, Decimal(100)
        terms = ExchangeTerms(holds_stops=True, max_exposure=cap)
        self.bench = bench_type(
            terms=terms,
            markets=markets,
            max_total_exposure_usd=1_000,
            max_position_size_usd=600,
            max_open_positions=3,
            max_daily_loss_usd=1e9,
        )
        for entry in self.bench.journal:
            self.shadow.apply(entry)
        self.bench.keep = self.hear
        bold = e.StrategyChanged(
            at=self.bench.now,
            name="bold",
            active=True,
            weight=0.5,
            params={},
            why="test",
            principal="test",
        )
        self.hear(self.core.record(bold))
        self.move_money("kex", "USDT", Decimal(300))

    # What must always be

    def must_be_right(self) -> None:
        assert encoded(self.shadow) == encoded(self.state), "the journal is not the state"
        self.money_is_what_has_been_told()
        self.positions_are_what_has_been_told()
        self.exits_never_exceed_what_is_held()
        self.what_may_still_trade_is_reserved_in_full()
        stops = [o.position_id for o in self.state.orders.values() if o.protective]
        assert len(stops) == len(set(stops)), "a position has two stops"
        assert all(p.size > 0 for p in self.state.positions.values()), "a position was turned"
        assert all(self.is_awaited(fill) for fill in self.untold), "ended before its trades"
        assert (self.state.kill_switch is not None) == self.killed
        assert set(self.state.halted) == self.halted

    def money_is_what_has_been_told(self) -> None:
        held = {k: v for k, v in self.state.cash.items() if v}
        assert held == {f"{x}:{c}": v for (x, c), v in self.cash.items() if v}

    def positions_are_what_has_been_told(self) -> None:
        owned = defaultdict(Decimal)
        for fill in self.told.values():
            order = self.state.order_of(fill.client_id)
            if order is not None and order.position_id is not None:
                owned[order.market] += brought(fill)
        for market in self.core.markets:
            held = sum((p.sign * p.size for p in self.core.standings.positions_in(market)), ZERO)
            assert held + self.written_off[market] == owned[market]

    def exits_never_exceed_what_is_held(self) -> None:
        leaving = defaultdict(list)
        for order in self.state.orders.values():
            if order.reduce_only and order.owner != EXTERNAL:
                leaving[order.position_id].append(order)
        for position_id, exits in leaving.items():
            position = self.state.positions.get(position_id)
            if position is None:  # what rests for it has been called off
                assert all(order.cancelling for order in exits if order.rests)
            elif self.core.markets[position.market].type == "spot":
                assert sum(order.remaining for order in exits) <= position.size
            elif not position.leaving:  # its stop may rest beside: only what goes may be for more
                resting = [order for order in exits if order.rests and not order.cancelling]
                for stop in (True, False):
                    each = (o.remaining for o in resting if o.protective == stop)
                    assert sum(each) <= position.size

    def what_may_still_trade_is_reserved_in_full(self) -> None:
        # Not to the last of 60 digits: an average price is a quotient, and sums have an order.
        assert abs(self.core.standings.exposure() - self.exposure()) < PICO
        there = self.core.standings.standing("sim:BTC-USDT", self.bench.now).exchange_exposure
        assert abs(there - self.exposure("sim")) < PICO
        anew = Standings(self.state, self.core.markets, self.bench.terms)
        anew.marks, anew.prices = self.core.standings.marks, self.core.standings.prices
        assert anew.free_quote("sim", "USDT") == self.core.standings.free_quote("sim", "USDT")
        assert (anew.equity() is None) == (self.core.standings.equity() is None)
        assert abs((anew.equity() or 0) - (self.core.standings.equity() or 0)) < PICO

    def is_awaited(self, fill: Fill) -> bool:
        """Say whether an order of ours keeps its reservation for a trade that was not told yet."""
        order = self.state.order_of(fill.client_id)
        if order is None or order.owner == EXTERNAL or order.id in self.buried_alive:
            return True
        return order.remaining >= fill.amount

    def must_be_told_by_the_journal(self) -> None:
        """The journal, written and read from its first entry, gives this very state."""
        folded = State()
        for row in [msgspec.json.encode(entry) for entry in self.bench.journal]:
            folded.apply(DECODER.decode(row))
        assert encoded(folded) == encoded(self.state)

    def comes_to_rest(self) -> None:
        """Everything arrives, is answered and told: then nothing may be left open."""
        quiet = 0
        for _ in range(200):
            seq = self.state.seq
            self.answer_everything()
            self.bench.price(float(self.last))
            quiet = quiet + 1 if self.state.seq == seq else 0
            if quiet == 3:
                break
            if quiet:
                self.bench.wait(61_000)
        if self.holds_both_sides():
            return  # the account nets them: what only reduces can't leave the smaller one
        assert quiet == 3, "it never comes to rest"
        self.books_are_the_exchanges()
        self.each_position_has_its_stop()

    def holds_both_sides(self) -> bool:
        """Whether an entry that was lost for long has opened the other side of a contract."""
        held = self.core.standings.positions_in("sim:BTC-USDT-PERP")
        return len({position.side for position in held}) == 2

    # How it is done

    @property
    def core(self):
        return self.bench.core

    @property
    def state(self) -> State:
        return self.bench.core.state

    def hear(self, made: list[e.AnyEntry]) -> list[e.AnyEntry]:
        """Take in what the core has made: send what is approved, check what is said."""
        self.bench.journal += made
        for entry in made:
            self.shadow.apply(entry)
            match entry:
                case e.OrderApproved(order=order):
                    self.approved(order)
                case e.OrderChanged(order=order):
                    self.followed(order)
                case e.FillBooked(order=order, position=position, fill=fill):
                    self.followed(order)
                    self.taken_from_others(order, fill)
                    if position is not None:
                        self.sizes[position.id] = position.size
                case e.PositionChanged(position=position):
                    self.changed(position, entry.why)
                case e.KillSwitchChanged(switch=switch) if switch is not None and not self.killed:
                    known = switch.principal == "test" or self.buried_alive
                    assert known, f"killed without a reason: {switch.reason}"
                    self.killed = True
        return made

    def taken_from_others(self, order: Order, fill: Fill) -> None:
        """What exits that rest beside each other close beyond their position was not its own."""
        beyond = fill.amount - self.sizes.get(order.position_id, ZERO)
        if order.reduce_only and beyond > 0 and order.position_id is not None:
            assert order.symbol.endswith("-PERP"), "more of a spot position was sold than held"
            self.written_off[order.market] += beyond if order.side == "buy" else -beyond

    def changed(self, position, why: str) -> None:
        """A position changes without a trade only by what it can't sell, or does not have."""
        gone = self.sizes[position.id] - position.size
        step = self.core.markets[position.market].step
        assert gone == 0 or why in ("not in the account", "closed_outside") or 0 < gone < step
        self.written_off[position.market] += position.sign * gone
        self.sizes[position.id] = position.size

    def approved(self, order: Order) -> None:
        assert order.id not in self.seen
        self.seen[order.id] = order
        self.outbox.append(order.id)
        if order.reduce_only:
            return
        assert not self.killed, "an entry was approved while the kill switch was on"
        assert not self.core.standings.doubts.get(order.exchange), "approved in doubt"
        coin = order.symbol if order.symbol.endswith("-PERP") else "BTC"
        assert not {f"{order.exchange}:{name}" for name in ("USDT", coin)} & self.halted
        parameters = self.state.parameters
        assert self.exposure() <= Decimal(str(parameters.max_total_exposure_usd))
        if order.exchange == "sim" and self.cap is not None:
            assert self.exposure("sim") <= self.cap
        if order.position_id is not None:  # else coins are sold that belong to no position
            entering = {o.position_id for o in self.core.working_entries()} - {None}
            assert len(entering | set(self.state.positions)) <= parameters.max_open_positions
            assert self.core.standings.free_quote(order.exchange, "USDT") >= 0

    def followed(self, order: Order) -> None:
        before = self.seen.get(order.id)
        if before is not None:
            assert order.filled >= before.filled, "what was filled became less"
            assert may_become(before.status, order.status), f"{before.status} -> {order.status}"
            assert order.filled <= order.amount
        self.seen[order.id] = order

    def exposure(self, exchange: str | None = None) -> Decimal:
        """What is held at the last prices, and all that may still be bought or sold short."""
        marks, total = self.core.standings.marks, ZERO
        for position in self.state.positions.values():
            if exchange in (None, position.exchange):
                total += position.size * marks.get(position.market, position.entry_price)
        filled = defaultdict(Decimal)
        for fill in self.told.values():
            filled[fill.client_id] += fill.amount
        for order in self.state.orders.values():
            if order.reduce_only or exchange not in (None, order.exchange):
                continue
            foreign = order.owner == EXTERNAL
            traded = order.filled if foreign else filled[order.client_id]
            total += (order.amount - traded) * order.reserved_price
        for (name, currency), amount in self.cash.items():
            if currency.endswith("-PERP") and exchange in (None, name):
                key = f"{name}:{currency}"
                ours = sum(
                    (p.sign * p.size for p in self.state.positions.values() if p.market == key),
                    ZERO,
                )
                total += abs(amount - ours) * marks.get(key, ZERO)
        return total

    def record(self, kind, **fields) -> None:
        self.hear(self.core.record(kind(at=self.bench.now, **fields)))

    def levels(self, market, side: str, kind: str) -> dict[str, Decimal]:
        last = self.last
        beyond = Decimal("1.01") if side == "buy" else Decimal("0.99")
        return {
            "market": {},
            "limit": {"price": Decimal("100")},
            "stop": {"stop_price": last * beyond},
        }[kind]

    def live(self) -> list[tuple[TruthfulExchange, str]]:
        """What may trade at the exchanges."""
        return [(x, c) for x in self.exchanges.values() for c, o in x.orders.items() if o.remaining]

    def send(self, order_id: str, fate: str) -> None:
        """Do what the engine's flight does with an order that is in the journal."""
        self.outbox.remove(order_id)
        order, now = self.state.order(order_id), self.bench.now
        approved = self.core.hand_out(order_id)
        assert self.core.hand_out(order_id) is None, "an order was handed out twice"
        if approved is None:
            self.hear(self.core.on_kept_back(order_id, now))
            return
        assert order.reduce_only or not self.killed, "an entry left after the kill switch"
        assert order_id not in self.handed
        self.handed.add(order_id)
        if fate == "taken":
            venue_id = self.exchanges[order.exchange].take(approved)
            self.hear(self.core.on_accepted(order_id, venue_id, 1.0, now))
        elif fate == "refused":
            self.hear(self.core.on_refused(order_id, "exchange refused: 1: no", now))
        else:
            if fate == "unanswered":
                self.exchanges[order.exchange].take(approved)
            elif fate == "late":
                self.wire.append(approved)
            self.hear(self.core.on_unknown(order_id, "no answer", now))

    def arrive(self, approved: ApprovedOrder) -> None:
        self.wire.remove(approved)
        self.exchanges[approved.exchange].take(approved)

    def look_for(self, order: Order) -> None:
        """What the settling of orders does: it ends none that may still arrive."""
        exchange = self.exchanges[order.exchange]
        if order.client_id in exchange.orders:
            self.take_in(exchange, order.client_id)
        elif all(approved.id != order.id for approved in self.wire):
            self.bury(order)

    def bury(self, order: Order) -> None:
        evidence = "not accepted: unknown to the exchange after the fence, twice"
        self.hear(self.core.on_refused(order.id, evidence, self.bench.now))

    def cancel_goes_out(self, order: Order, *, told: bool = True) -> None:
        exchange = self.exchanges[order.exchange]
        if order.cancelling and order.client_id in exchange.orders:
            exchange.cancel(order.client_id)
            if told:
                self.take_in(exchange, order.client_id)

    def report(self, exchange: TruthfulExchange, client_id: str) -> OrderReport:
        report = exchange.report(client_id, self.bench.now)
        self.old_reports.append(report)
        return report

    def take_in(self, exchange: TruthfulExchange, client_id: str) -> None:
        """Take in a report, and the trades that it tells of first."""
        report = self.report(exchange, client_id)
        if self.core.misses_fills(report):
            for fill in tuple(exchange.orders[client_id].fills):
                self.tell(fill)
            assert not self.core.misses_fills(report)
        self.hear(self.core.on_report(report))

    def trade(self, exchange: TruthfulExchange, client_id: str, amount: Decimal, fee: str) -> Fill:
        held = exchange.orders[client_id]
        price = held.terms.price or held.terms.stop_price or self.last
        if fee == "base" and (held.terms.side == "sell" or "PERP" in held.symbol):
            fee = "quote"
        charged, currency = {
            "quote": (amount * price / 1000, "USDT"),
            "base": (amount / 1000, "BTC"),
            "third": (amount / 100, "KCS"),
            "none": (ZERO, "USDT"),
        }[fee]
        fill = exchange.trade(client_id, amount, price, charged, currency, self.bench.now)
        self.untold.append(fill)
        return fill

    def tell(self, fill: Fill) -> None:
        name = (fill.exchange, fill.symbol, fill.trade_id)
        if name not in self.told:
            self.told[name] = fill
            self.untold.remove(fill)
            for asset, change in changes(fill):
                self.cash[fill.exchange, asset] += change
        self.hear(self.core.on_fill(fill))

    def adopt(self, exchange: TruthfulExchange) -> None:
        for client_id, held in exchange.orders.items():
            order = self.state.order_of(client_id)
            if held.status == "open" and order is None:
                report = self.report(exchange, client_id)
                self.hear(self.core.on_foreign(report, exchange.name))
            elif held.status == "open" and order.status in ("rejected", "abandoned"):
                self.take_in(exchange, client_id)

    def move_money(self, name: str, currency: str, amount: Decimal, times: int = 1) -> None:
        self.names += 1
        moved = Transferred(
            exchange=name,
            transfer_id=f"x{self.names}",
            currency=currency,
            amount=amount,
            kind="transfer",
            at=self.bench.now,
        )
        self.exchanges[name].balances[currency] += amount
        self.cash[name, currency] += amount
        for _ in range(times):
            self.hear(self.core.on_transferred(moved))

    def answer_everything(self) -> None:
        for order_id in tuple(self.outbox):
            self.send(order_id, "taken")
        for approved in tuple(self.wire):
            self.arrive(approved)
        for order in tuple(self.state.orders.values()):
            if order.status == "unknown":
                self.look_for(order)
            self.cancel_goes_out(order)
        for exchange in self.exchanges.values():
            for client_id, held in exchange.orders.items():
                if held.terms.type == "market" and held.remaining:
                    self.trade(exchange, client_id, held.remaining, "quote")
            self.adopt(exchange)
        for fill in tuple(self.untold):
            self.tell(fill)
        for order in tuple(self.state.orders.values()):
            exchange = self.exchanges[order.exchange]
            if order.client_id in exchange.orders:
                self.take_in(exchange, order.client_id)
        self.agrees()

    def agrees(self) -> None:
        """All has been told: what perpetuals are not in the account any more is held no longer."""
        self.hear(self.core.on_agreed("sim:BTC-USDT-PERP"))
        self.halted |= set(self.state.halted)

    def books_are_the_exchanges(self) -> None:
        for name, exchange in self.exchanges.items():
            theirs = {f"{name}:{c}": v for c, v in exchange.balances.items() if v}
            ours = {a: v for a, v in self.state.cash.items() if v and a.startswith(f"{name}:")}
            assert ours == theirs
            live = {c for c, held in exchange.orders.items() if held.remaining}
            known = {o.client_id for o in self.state.orders.values() if o.exchange == name}
            assert known == live

    def each_position_has_its_stop(self) -> None:
        for position in self.state.positions.values():
            assert not position.leaving, "a position was not left"
            assert position.stop_loss is None or self.is_guarded(position)

    def is_guarded(self, position) -> bool:
        market = self.core.markets[position.market]
        exits = [o for o in self.state.orders.values() if o.position_id == position.id]
        others = sum((o.remaining for o in exits if o.reduce_only and not o.protective), ZERO)
        if self.rests_beside(position):
            others = ZERO
        rest = market.amount(position.size - others)
        stops = [o for o in exits if o.protective]
        if position.exchange != "sim" or rest == 0:
            return stops == []
        held = self.exchanges["sim"].orders[stops[0].client_id]
        return (
            len(stops) == 1
            and held.remaining == rest
            and held.terms.stop_price == position.stop_loss
            and held.terms.side == closing_side(position.side)
            and held.terms.reduce_only
        )

    def rests_beside(self, position) -> bool:
        standing = self.core.standings.standing(position.market, self.bench.now)
        tries = self.core.desk.guards.failures(position.id)
        return standing.stands_alone(position.id) and tries < BESIDE_TRIES
