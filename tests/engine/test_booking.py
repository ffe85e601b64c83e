"""What the core books of what an exchange tells: fills, funding, liquidations, balances."""

from decimal import Decimal

import msgspec
import pytest

from trading_mcp.domain.orders import ExitPlan
from trading_mcp.domain.reports import FundingPaid, Liquidated, OrderReport
from trading_mcp.engine.desk import Wished

PLAN = ExitPlan(stop_loss_pct=1.0, take_profit_pct=2.0)


def test_a_late_fill_after_the_cancel_still_moves_the_position(bench):
    order = bench.submit("buy", "2", price=Decimal(100))
    bench.accept(order)
    report = OrderReport(
        exchange="sim",
        symbol="BTC-USDT",
        client_id=order.client_id,
        venue_id="v",
        status="cancelled",
        filled=Decimal(0),
        at=bench.now,
    )
    bench.keep(bench.core.on_report(report))
    assert bench.state.ended[order.id].status == "cancelled"
    bench.fill(order, "0.5")
    assert bench.state.positions[order.position_id].size == Decimal("0.5")


def test_a_report_with_unknown_fills_does_not_end_the_order(bench):
    order = bench.submit("buy", "2", price=Decimal(100))
    report = OrderReport(
        exchange="sim",
        symbol="BTC-USDT",
        client_id=order.client_id,
        venue_id="v",
        status="cancelled",
        filled=Decimal(1),
        at=bench.now,
    )
    assert bench.core.misses_fills(report)
    assert bench.core.on_report(report) == []


def test_a_trade_that_is_not_ours_moves_the_balance_once_and_is_told(bench):
    foreign = msgspec.structs.replace(bench.open(), client_id="somebody-else")
    before = bench.state.cash["sim:USDT"]
    for _ in range(2):
        bench.fill(foreign, trade="alien")
    assert bench.state.cash["sim:USDT"] == before - 100
    (told,) = [a.message for a in bench.state.alerts.values() if a.trigger == "outside_trade"]
    assert told == "A trade not ours: buy 1.00000 BTC-USDT at 100, sim trade alien"


def test_funding_is_shared_by_size_and_booked_once(bench, perpetual):
    order = bench.open("sell", "2", market=perpetual, plan=PLAN)
    paid = FundingPaid(
        exchange="sim",
        symbol=perpetual.symbol,
        funding_id="f1",
        rate=0.0001,
        amount=Decimal("0.02"),
        at=bench.now,
    )
    bench.keep(bench.core.on_funding(paid))
    assert bench.core.on_funding(paid) == []
    assert bench.state.positions[order.position_id].funding == Decimal("0.02")


def test_a_liquidation_closes_every_position_of_its_market_once(bench, perpetual):
    order = bench.open("buy", "2", market=perpetual, plan=PLAN, leverage=10)
    report = Liquidated(
        exchange="sim",
        symbol=perpetual.symbol,
        trade_id="l1",
        amount=Decimal(2),
        price=Decimal(91),
        fee=Decimal(1),
        at=bench.now,
    )
    bench.keep(bench.core.on_liquidated(report))
    assert bench.core.on_liquidated(report) == []
    closed = bench.state.closed[order.position_id]
    assert (closed.realized_pnl, closed.close_reason) == (-19, "liquidation")


def test_a_cancel_asked_for_with_an_old_view_undoes_no_fill(bench):
    order = bench.submit("buy", "1", price=Decimal(100))
    bench.accept(order)
    bench.fill(order)
    assert bench.core.request_cancel(order.id, bench.now) == []
    assert bench.state.ended[order.id].filled == 1


def test_a_position_reopened_by_a_late_fill_is_counted_once(bench):
    entry = bench.open("buy", "2", plan=PLAN, price=Decimal(100))
    late = bench.submit("buy", "1")
    out = bench.submit("sell", "2", reduces=entry.position_id)
    bench.fill(out, price="110")
    bench.fill(late, price="100")
    out = bench.submit("sell", "1", reduces=entry.position_id)
    bench.fill(out, price="110")
    tally = bench.state.tally()
    assert (tally.trades, tally.pnl) == (1, 30)
    assert bench.state.cash["sim:USDT"] == 10_030


@pytest.mark.parametrize("at_once", [True, False])
def test_what_rests_to_enlarge_a_position_that_is_gone_opens_one_of_its_own(bench, at_once):
    entry = bench.open(plan=PLAN)
    resting = bench.submit("buy", "1", price=Decimal(50), plan=PLAN)
    bench.accept(resting)
    if at_once:
        (out,) = bench.approved(
            bench.core.close_position(entry.position_id, Wished("test"), bench.now)
        )
    else:
        out = bench.submit("sell", "1", reduces=entry.position_id)
    bench.fill(out, price="100")
    bench.price(50.0)
    bench.fill(resting, price="50")
    (position,) = bench.state.positions.values()
    assert position.id != entry.position_id
    assert (position.entry_price, position.stop_loss, position.leaving) == (50, Decimal("49.5"), "")
    assert bench.approved(bench.price(50.1)) == []


def test_what_was_taken_for_dead_and_is_not_stops_everything_new(bench):
    order = bench.submit("buy", "1", price=Decimal(100))
    bench.keep(bench.core.on_refused(order.id, "unknown to the exchange, twice", bench.now))
    bench.keep(bench.core.on_report(bench.report_of(order, "open", bench.now)))
    assert bench.state.orders[order.id].status == "open"
    assert bench.core.standings.exposure() == 100
    assert bench.state.kill_switch is not None


def test_an_order_the_exchange_calls_filled_with_less_ends(bench):
    order = bench.submit("buy", "1", price=Decimal(100))
    bench.accept(order)
    bench.fill(order, "0.9")
    done = msgspec.structs.replace(
        bench.report_of(order, "filled", bench.now), filled=Decimal("0.9")
    )
    bench.keep(bench.core.on_report(done))
    assert bench.state.ended[order.id].status == "cancelled"


def test_a_deposit_is_no_profit_and_a_withdrawal_no_loss(bench):
    for total in (Decimal(20_000), Decimal(5_000)):
        bench.keep(bench.core.on_balance("sim", "USDT", total, f"moved to {total}"))
        bench.price(100.0)
        equity = bench.core.equity()
        assert equity.day == equity.now == total
    assert bench.state.kill_switch is None


def test_an_old_liquidation_does_not_close_a_new_position(bench, perpetual):
    report = Liquidated(
        exchange="sim",
        symbol=perpetual.symbol,
        trade_id="l0",
        amount=Decimal(1),
        price=Decimal(91),
        fee=Decimal(0),
        at=bench.now - 60_000,
    )
    order = bench.open("buy", "1", market=perpetual, plan=PLAN)
    bench.keep(bench.core.on_liquidated(report))
    assert bench.state.positions[order.position_id].size == 1


def test_what_rests_to_leave_a_liquidated_position_is_called_off(bench, perpetual):
    entry = bench.open("buy", "1", market=perpetual, leverage=10)
    target = bench.submit(
        "sell", "1", market=perpetual, reduces=entry.position_id, price=Decimal(120), leverage=10
    )
    bench.accept(target)
    report = Liquidated(
        exchange="sim",
        symbol=perpetual.symbol,
        trade_id="l1",
        amount=Decimal(1),
        price=Decimal(91),
        fee=Decimal(0),
        at=bench.now,
    )
    bench.keep(bench.core.on_liquidated(report))
    assert bench.state.orders[target.id].cancelling


def test_what_rests_to_sell_coins_that_are_gone_is_called_off(bench):
    entry = bench.open(amount="1")
    target = bench.submit("sell", "1", reduces=entry.position_id, price=Decimal(120))
    bench.accept(target)
    bench.keep(bench.core.on_balance("sim", "BTC", Decimal(0), "correction"))
    bench.keep(bench.core.on_mismatch("sim:BTC", Decimal(-1), "BTC differs"))
    assert bench.state.orders[target.id].cancelling
