"""Whatever callers and the exchange do, in any order: limits hold and money is conserved."""

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from trading_mcp.domain.orders import TRANSITIONS, Fill, Order, may_become
from trading_mcp.domain.positions import closing_side
from trading_mcp.domain.reports import OrderReport
from trading_mcp.engine.desk import Wished
from trading_mcp.engine.state import decoded, encoded

LIMIT, LARGEST = Decimal(1_000), Decimal(600)
AMOUNTS = st.decimals("0.00001", "9", places=5)


class Desk(RuleBasedStateMachine):
    """Callers, strategies, fills, refusals, silence, cancels, prices, the kill switch."""

    bench_type = None

    @initialize()
    def begin(self):
        self.bench = type(self).bench_type(
            max_total_exposure_usd=float(LIMIT),
            max_position_size_usd=float(LARGEST),
            max_open_positions=3,
            max_daily_loss_usd=1e9,
        )
        self.sent: list[Order] = []
        self.booked: dict[str, Fill] = {}
        self.killed_at: int | None = None

    @rule(
        side=st.sampled_from(["buy", "sell"]),
        amount=AMOUNTS,
        owner=st.sampled_from(["manual", "wise", "bold"]),
        perpetual=st.booleans(),
        kind=st.sampled_from(["market", "limit", "stop"]),
        leverage=st.integers(1, 3),
    )
    def somebody_orders(self, side, amount, owner, perpetual, kind, leverage):
        spot, perp = self.bench.core.markets.values()
        market = perp if perpetual else spot
        order = self.bench.submit(
            side,
            str(amount),
            market=market,
            owner=owner,
            leverage=leverage if perpetual else 1,
            **self._levels(market, side, kind),
        )
        if isinstance(order, Order):
            assert self.killed_at is None, "an entry was approved after the kill switch"
            assert order.type == kind
            self.sent.append(order)

    @rule(
        data=st.data(),
        kind=st.sampled_from(["market", "limit", "stop"]),
        share=st.sampled_from(["1", "0.6", "0.3"]),
    )
    def somebody_closes(self, data, kind, share):
        positions = list(self.bench.state.positions.values())
        if not positions:
            return
        held = data.draw(st.sampled_from(positions))
        market, side = self.bench.core.markets[held.market], closing_side(held.side)
        order = self.bench.submit(
            side,
            str(market.amount(held.size * Decimal(share))),
            market=market,
            owner=held.owner,
            leverage=held.leverage,
            reduces=held.id,
            **self._levels(market, side, kind),
        )
        if isinstance(order, Order):
            assert order.reduce_only

    @rule(data=st.data())
    def somebody_leaves_whole(self, data):
        positions = list(self.bench.state.positions)
        if positions:
            name = data.draw(st.sampled_from(positions))
            wished = Wished("somebody", "key#digest")
            self.bench.keep(self.bench.core.close_position(name, wished, self.bench.now))
            assert self.bench.state.positions[name].leaving

    @rule(data=st.data(), share=st.sampled_from(["1", "0.5", "0.3"]))
    def an_order_trades(self, data, share):
        order = self._pick(data)
        if order is None or not order.working:
            return
        market = self.bench.core.markets[order.market]
        amount = min(
            order.remaining, max(market.amount(order.amount * Decimal(share)), market.step)
        )
        trade = f"t{len(self.booked)}"
        price = order.price or order.stop_price or Decimal(100)
        fee = amount * price * market.taker_fee
        self._book(
            Fill(
                exchange="sim",
                symbol=order.symbol,
                trade_id=trade,
                client_id=order.client_id,
                side=order.side,
                amount=amount,
                price=price,
                fee=fee,
                fee_currency="USDT",
                at=self.bench.now,
            )
        )

    @rule(data=st.data())
    def a_fill_is_told_again(self, data):
        if self.booked:
            self._book(data.draw(st.sampled_from(list(self.booked.values()))))

    @rule(data=st.data(), what=st.sampled_from(["accepted", "refused", "unknown", "cancelled"]))
    def the_exchange_answers(self, data, what):
        order = self._pick(data)
        if order is None:
            return
        core, now = self.bench.core, self.bench.now
        before = order.status
        if what == "accepted":
            self.bench.keep(core.on_accepted(order.id, "v", 1.0, now))
        elif what == "refused" and not order.filled:
            self.bench.keep(core.on_refused(order.id, "no", now))
        elif what == "unknown":
            self.bench.keep(core.on_unknown(order.id, "silence", now))
        elif what == "cancelled":
            report = OrderReport(
                exchange="sim",
                symbol=order.symbol,
                client_id=order.client_id,
                venue_id="v",
                status="cancelled",
                filled=order.filled,
                at=now,
            )
            self.bench.keep(core.on_report(report))
        after = core.state.order(order.id).status
        assert may_become(before, after), f"{before} -> {after}"

    @rule(last=st.floats(95, 105))
    def the_price_moves(self, last):
        self.bench.price(round(last, 1))

    @rule()
    def somebody_kills(self):
        self.bench.keep(self.bench.core.kill("test", "test", self.bench.now))
        self.killed_at = self.bench.state.seq

    @rule()
    def the_server_restarts(self):
        again = decoded(encoded(self.bench.state))
        assert encoded(again) == encoded(self.bench.state)

    @invariant()
    def exposure_was_within_its_limit_when_approved(self):
        if not hasattr(self, "bench"):
            return
        # Approved at prices of 95 to 105: what is counted then may since have moved with them.
        assert self.bench.core.standings.exposure() <= LIMIT * Decimal("1.12")
        building = {o.position_id for o in self.bench.core.working_entries()} - {None}
        assert len(building | set(self.bench.state.positions)) <= 3

    @invariant()
    def money_and_coins_are_the_sum_of_the_fills(self):
        if not hasattr(self, "bench"):
            return
        cash = Decimal(10_000)
        held = {"sim:BTC": Decimal(0), "sim:BTC-USDT-PERP": Decimal(0)}
        for fill in self.booked.values():
            sign = 1 if fill.side == "buy" else -1
            cash -= sign * fill.amount * fill.price + fill.fee
            name = "sim:BTC" if fill.symbol == "BTC-USDT" else "sim:BTC-USDT-PERP"
            held[name] += sign * fill.amount
        assert self.bench.state.cash["sim:USDT"] == cash
        for asset, amount in held.items():
            assert self.bench.state.cash.get(asset, Decimal(0)) == amount
        owned = sum(p.sign * p.size for p in self.bench.state.positions.values())
        assert owned == sum(held.values())

    @invariant()
    def the_sums_kept_up_are_the_sums_counted_anew(self):
        if not hasattr(self, "bench"):
            return
        kept = self.bench.core.standings
        anew = type(kept)(self.bench.state, self.bench.core.markets)
        anew.marks, anew.prices = dict(kept.marks), dict(kept.prices)
        assert anew.exposure() == kept.exposure()
        assert anew.free_quote("sim", "USDT") == kept.free_quote("sim", "USDT")
        assert anew.equity() == kept.equity()

    @invariant()
    def exits_never_exceed_their_position(self):
        if not hasattr(self, "bench"):
            return
        for position in self.bench.state.positions.values():
            leaving = [
                o
                for o in self.bench.core.standings.orders_in(position.market)
                if o.reduce_only and o.position_id == position.id
            ]
            assert sum(o.remaining for o in leaving) <= position.size

    def _levels(self, market, side: str, kind: str) -> dict[str, Decimal]:
        """Return the price that an order of that kind has: a stop's waits beyond the market."""
        last = self.bench.core.standings.prices[market.key].last
        beyond = Decimal("1.01") if side == "buy" else Decimal("0.99")
        return {
            "market": {},
            "limit": {"price": Decimal("100.05")},
            "stop": {"stop_price": last * beyond},
        }[kind]

    def _pick(self, data) -> Order | None:
        orders = list(self.bench.state.orders.values())
        return data.draw(st.sampled_from(orders)) if orders else None

    def _book(self, fill: Fill) -> None:
        before = self.bench.state.order_of(fill.client_id)
        self.bench.keep(self.bench.core.on_fill(fill))
        after = self.bench.state.order_of(fill.client_id)
        assert after.filled >= before.filled
        self.booked[fill.trade_id] = fill


def test_no_order_of_events_breaks_a_limit_or_loses_money(limited):
    machine = type("Machine", (Desk,), {"bench_type": staticmethod(limited)})
    machine.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
    machine.TestCase("runTest").runTest()


def test_every_status_of_the_table_is_one_and_ends_stay_ends():
    assert {s for then in TRANSITIONS.values() for s in then} <= set(TRANSITIONS)
    assert TRANSITIONS["filled"] == set()
    # What was taken for dead comes back only on the exchange's own word; it never waits again.
    assert not {"approved", "unknown"} & (TRANSITIONS["rejected"] | TRANSITIONS["abandoned"])
