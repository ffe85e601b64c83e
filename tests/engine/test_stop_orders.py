"""What the core makes of stop orders, and of a wish to leave a position."""

from decimal import Decimal

import pytest

from trading_mcp.domain import entries as e
from trading_mcp.domain.orders import ExitPlan, Order
from trading_mcp.domain.reports import OrderReport
from trading_mcp.engine.desk import Wished

PLAN = ExitPlan(stop_loss_pct=1.0, take_profit_pct=2.0)
SOMEBODY = Wished("somebody", "somebody:key#digest")


def approved(made) -> list[Order]:
    return [entry.order for entry in made if isinstance(entry, e.OrderApproved)]


def cancelled(order: Order, at: int) -> OrderReport:
    return OrderReport(
        exchange="sim",
        symbol=order.symbol,
        client_id=order.client_id,
        venue_id="v",
        status="cancelled",
        filled=order.filled,
        at=at,
    )


def test_a_stop_holds_its_whole_worth_at_its_stop_price(bench):
    order = bench.submit("buy", "2", stop_price=Decimal(110))
    bench.accept(order)
    assert order.type == "stop"
    assert bench.core.standings.exposure() == 220
    assert bench.core.standings.free_quote("sim", "USDT") == Decimal("9779.78")


def test_what_a_stop_opens_has_exits_at_the_plans_distance_from_its_fill(bench):
    order = bench.submit("buy", "1", stop_price=Decimal(110), plan=PLAN)
    bench.accept(order)
    bench.fill(order, price="112")
    (position,) = bench.state.positions.values()
    assert (position.stop_loss, position.take_profit) == (Decimal("110.9"), Decimal("114.2"))


def test_a_stop_counts_towards_the_limits_before_it_trades(limited):
    bench = limited(max_total_exposure_usd=300, max_position_size_usd=300)
    bench.accept(bench.submit("buy", "2", stop_price=Decimal(110)))
    refused = bench.submit("buy", "1")
    assert refused.objection.rule == "position_is_too_large"


def test_a_resting_stop_does_not_keep_the_positions_own_stop_back(bench):
    entry = bench.open(plan=PLAN)
    stop = bench.submit("sell", "1", reduces=entry.position_id, stop_price=Decimal(95))
    bench.accept(stop)
    bench.price(99.0)
    assert bench.state.orders[stop.id].cancelling
    (leaving,) = approved(bench.keep(bench.core.on_report(cancelled(stop, bench.now))))
    assert (leaving.type, leaving.amount, leaving.reason) == ("market", 1, "stop_loss")


def test_a_stop_that_fills_while_it_is_cancelled_leaves_nothing_to_leave(bench):
    entry = bench.open(plan=PLAN)
    stop = bench.submit("sell", "1", reduces=entry.position_id, stop_price=Decimal(95))
    bench.accept(stop)
    bench.price(99.0)
    made = bench.fill(stop, price="95")
    assert approved(made) == []
    assert bench.state.positions == {}


def test_all_that_is_held_in_a_perpetual_has_one_leverage(bench, perpetual):
    bench.open("buy", "1", market=perpetual, leverage=2)
    refused = bench.submit("buy", "1", market=perpetual, owner="wise", leverage=5)
    assert refused.objection.rule == "leverage_differs_from_the_position"
    assert isinstance(bench.submit("buy", "1", market=perpetual, owner="wise", leverage=2), Order)


def test_a_resting_entry_sets_the_leverage_too(bench, perpetual):
    bench.accept(bench.submit("buy", "1", market=perpetual, leverage=2, stop_price=Decimal(110)))
    refused = bench.submit("buy", "1", market=perpetual, owner="wise", leverage=5)
    assert refused.objection.details["leverage"] == 2


def test_leaving_on_a_wish_carries_whose_it_was(bench):
    entry = bench.open(plan=PLAN)
    made = bench.keep(bench.core.close_position(entry.position_id, SOMEBODY, bench.now))
    (order,) = approved(made)
    assert (order.principal, order.idempotency) == ("somebody", SOMEBODY.idempotency)
    assert (order.reduce_only, order.amount, order.reason) == (True, 1, "manual")
    assert [m.principal for m in made if isinstance(m, e.PositionChanged)] == ["somebody"]


def test_what_somebody_waits_for_is_not_put_off(bench):
    entry = bench.open(plan=PLAN)
    (refused,) = approved(bench.price(90.0))
    bench.keep(bench.core.on_refused(refused.id, "test", bench.now))
    assert approved(bench.keep(bench.core.on_time(bench.now))) == []
    made = bench.keep(bench.core.close_position(entry.position_id, SOMEBODY, bench.now))
    (order,) = approved(made)
    assert (order.reason, order.principal) == ("stop_loss", "somebody")


def test_a_wish_to_leave_what_is_being_left_sends_nothing_more(bench):
    entry = bench.open(plan=PLAN)
    bench.price(90.0)
    made = bench.core.close_position(entry.position_id, SOMEBODY, bench.now)
    assert approved(bench.keep(made)) == []


@pytest.mark.parametrize("kill", [False, True])
def test_leaving_needs_neither_engine_nor_a_free_way_in(bench, kill):
    entry = bench.open(plan=PLAN)
    bench.core.record(e.EngineSwitched(at=bench.now, running=False, principal="test"))
    if kill:
        bench.keep(bench.core.kill("test", "test", bench.now))
    (order,) = approved(bench.core.close_position(entry.position_id, SOMEBODY, bench.now))
    assert bench.core.hand_out(order.id) is not None


def test_a_strategy_does_not_wish_at_another_leverage_than_what_is_held(bench, perpetual):
    from trading_mcp.domain.signals import Signal

    bench.open("buy", "1", market=perpetual, leverage=3)
    signal = Signal(
        strategy="wise",
        market=perpetual.key,
        at=bench.now,
        wishes=("enter_long",),
        strength=0.9,
        close=100.0,
        atr=0.0,
    )
    assert bench.core.on_signal(signal) == []
