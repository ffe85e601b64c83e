"""What the account earned: the parts add up to the whole, whatever happened in what order."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trading_mcp.domain.accounts import Flow
from trading_mcp.domain.entries import FundsMoved
from trading_mcp.domain.orders import Order
from trading_mcp.domain.positions import closing_side
from trading_mcp.domain.reports import FundingPaid
from trading_mcp.engine.state import State, encoded

DAY = 86_400_000
PERIODS = ("day", "week", "month", "founding")
NOISE = Decimal("1e-9")

PRICES = st.decimals("60", "160", places=1)
STEPS = st.one_of(
    st.tuples(st.just("price"), PRICES),
    st.tuples(st.just("open"), st.sampled_from(["buy", "sell"]), st.booleans()),
    st.tuples(st.just("close"), st.sampled_from(["1", "0.5"])),
    st.tuples(st.just("deposit"), st.decimals("-500", "500", places=2)),
    st.tuples(st.just("funding"), st.decimals("-5", "5", places=3)),
    st.tuples(st.just("wait"), st.integers(1, 40)),
)


class Account:
    """A bench and shorthands for what may happen to its account."""

    def __init__(self, bench):
        self.bench, self.price = bench, Decimal(100)

    def do(self, step) -> None:
        getattr(self, step[0] + "_")(*step[1:])

    def price_(self, price: Decimal) -> None:
        self.price = price
        self.bench.price(float(price))

    def open_(self, side: str, perpetual: bool) -> None:
        spot, perp = self.bench.core.markets.values()
        order = self.bench.submit(side, "2", market=perp if perpetual else spot)
        self._fill(order)

    def close_(self, share: str) -> None:
        held = next(iter(self.bench.state.positions.values()), None)
        if held is not None:
            market = self.bench.core.markets[held.market]
            order = self.bench.submit(
                closing_side(held.side),
                str(held.size * Decimal(share)),
                market=market,
                reduces=held.id,
            )
            self._fill(order)

    def deposit_(self, amount: Decimal) -> None:
        core = self.bench.core
        total = core.state.cash["sim:USDT"] + amount
        self.bench.keep(core.on_balance("sim", "USDT", total, f"deposit {core.state.seq}"))

    def funding_(self, amount: Decimal) -> None:
        if any(p.symbol.endswith("PERP") for p in self.bench.state.positions.values()):
            paid = FundingPaid(
                exchange="sim",
                symbol="BTC-USDT-PERP",
                funding_id=f"f{self.bench.state.seq}",
                amount=amount,
                rate=0.0001,
                at=self.bench.now,
            )
            self.bench.keep(self.bench.core.on_funding(paid))

    def wait_(self, hours: int) -> None:
        self.bench.now += hours * 3_600_000
        self.bench.price(float(self.price))

    def _fill(self, order) -> None:
        if isinstance(order, Order):
            self.bench.fill(order, price=str(self.price), fee=str(order.amount * self.price / 1000))
            # What the fill's price hit may want out: let it, so that none is left half way.
            for exit_ in [o for o in self.bench.state.orders.values() if o.reduce_only]:
                self._fill(exit_)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(STEPS, max_size=25))
def test_the_parts_of_every_period_add_up(limited, steps):
    bench = limited(max_consecutive_losses=1000)
    account = Account(bench)
    for step in steps:
        account.do(step)
    core, state = bench.core, bench.state
    now = core.account()
    for period in PERIODS:
        earned = core.earnings(period)
        assert earned.net == now.worth.equity - state.periods[period].equity
        assert earned.net == earned.realized + earned.open_change + earned.other
        assert abs(earned.other) < NOISE, "all that moved the account belongs to positions"
    closed = sum((p.realized_pnl for p in state.closed.values()), Decimal(0))
    whole = core.earnings("founding")
    assert whole.realized == state.tally().pnl == closed
    assert (whole.trades, whole.wins) == (state.tally().trades, state.tally().wins)
    positions = [*state.closed.values(), *state.positions.values()]
    assert whole.fees == sum((p.fees for p in positions), Decimal(0))
    assert whole.funding == sum((p.funding for p in positions), Decimal(0))


def test_a_journal_folds_to_the_same_records(bench):
    account = Account(bench)
    for step in (("open", "buy", False), ("price", Decimal(103)), ("close", "1"), ("wait", 30)):
        account.do(step)
    folded = State()
    for entry in bench.journal:
        folded.apply(entry)
    assert encoded(folded) == encoded(bench.state)


def test_a_deposit_is_no_profit(bench):
    account = Account(bench)
    account.do(("deposit", Decimal(500)))
    account.do(("open", "buy", False))
    account.do(("price", Decimal(101)))
    earned = bench.core.earnings("day")
    assert bench.state.periods["day"].equity == 10_500
    assert (earned.net, earned.open_change) == (Decimal("1.8"), Decimal("1.8"))


def test_a_new_day_begins_with_what_the_open_positions_have_earned(bench):
    account = Account(bench)
    account.do(("open", "buy", False))
    account.do(("price", Decimal("100.5")))
    account.do(("wait", 24))
    account.do(("price", Decimal("100.8")))
    account.do(("close", "1"))
    day, whole = bench.core.earnings("day"), bench.core.earnings("founding")
    # Two coins rose by 0.8, and both fees are paid: 0.2 yesterday, 0.2016 today.
    assert whole.realized == whole.net == Decimal("1.1984")
    assert day.realized == Decimal("1.1984")
    assert day.open_change == -Decimal("0.8")
    assert day.net == Decimal("0.3984")
    assert (day.fees, whole.fees) == (Decimal("0.2016"), Decimal("0.4016"))


def test_coins_that_belong_to_no_position_are_told_apart(bench):
    coins = FundsMoved(
        at=bench.now, flow=Flow("sim:BTC", Decimal(3)), why="gift", worth=Decimal(300)
    )
    bench.keep(bench.core.record(coins))
    bench.price(110.0)
    earned = bench.core.earnings("day")
    assert (earned.net, earned.other) == (30, 30)
    assert earned.realized == earned.open_change == 0


def test_a_position_that_a_late_fill_reopens_is_counted_once(bench):
    order = bench.open(amount="1")
    held = next(iter(bench.state.positions.values()))
    out = bench.submit("sell", "1", reduces=held.id)
    bench.fill(out, price="102")
    bench.fill(order, amount="1", price="100", trade="late")
    again = bench.core.earnings("founding")
    assert (again.trades, again.net) == (1, again.realized + again.open_change + again.other)
    assert again.other == pytest.approx(Decimal(0), abs=NOISE)
    bench.fill(out, amount="1", price="102", trade="later")
    whole = bench.core.earnings("founding")
    assert (whole.trades, whole.wins, whole.realized, whole.net) == (1, 1, 4, 4)


def test_without_a_price_of_what_is_held_nothing_is_claimed(bench):
    dust = FundsMoved(at=bench.now, flow=Flow("other:BTC", Decimal(1)), why="gift")
    bench.core.markets["other:BTC-USDT"] = next(iter(bench.core.markets.values()))
    bench.keep(bench.core.record(dust))
    assert bench.core.account() is None
    assert bench.core.earnings("day") is None
