"""Fees in quote, in the coin itself, or in a third one: balances are exact, positions are net."""

from decimal import Decimal

import msgspec

from trading_mcp.domain.accounts import Flow
from trading_mcp.domain.entries import FundsMoved
from trading_mcp.domain.orders import ExitPlan

PLAN = ExitPlan(stop_loss_pct=1.0)


def test_a_fee_in_the_coin_makes_the_position_smaller(bench):
    order = bench.submit("buy", "1", plan=PLAN)
    bench.fill(order, fee="0.001", fee_currency="BTC")
    position = bench.state.positions[order.position_id]
    assert (position.size, position.entry_price) == (Decimal("0.999"), 100)
    assert (position.fees, bench.state.ended[order.id].fees) == (Decimal("0.1"), Decimal("0.1"))
    assert bench.state.cash["sim:BTC"] == Decimal("0.999")
    assert bench.state.cash["sim:USDT"] == 9_900


def test_what_a_fee_in_the_coin_left_is_sold_and_nothing_stays(bench, perpetual):
    order = bench.submit("buy", "1", plan=PLAN)
    bench.fill(order, fee="0.001234", fee_currency="BTC")
    (out,) = bench.approved(bench.price(98.0))
    assert out.amount == Decimal("0.99876")
    bench.fill(out, price="98", fee="0.0978")
    assert bench.state.positions == {}
    assert bench.state.cash["sim:BTC"] == Decimal("0.000006")


def test_a_sale_that_costs_coins_of_no_position_leaves_none_below_zero(bench):
    bench.keep(
        bench.core.record(FundsMoved(at=bench.now, flow=Flow("sim:BTC", Decimal(1)), why="coins"))
    )
    order = bench.open(plan=PLAN)
    (out,) = bench.approved(bench.price(98.0))
    bench.fill(out, price="98", fee="0.001", fee_currency="BTC")
    closed = bench.state.closed[order.position_id]
    assert (closed.size, closed.realized_pnl) == (0, Decimal("-2.098"))
    assert bench.state.cash["sim:BTC"] == Decimal("0.999")


def test_a_part_sale_that_costs_coins_takes_them_from_the_position(bench):
    order = bench.open(plan=PLAN)
    out = bench.submit("sell", "0.5", reduces=order.position_id)
    bench.fill(out, fee="0.001", fee_currency="BTC")
    assert bench.state.positions[order.position_id].size == Decimal("0.499")
    assert bench.state.cash["sim:BTC"] == Decimal("0.499")


def test_a_fee_in_a_third_coin_is_worth_what_the_coin_is(limited, spot):
    coin = msgspec.structs.replace(spot, symbol="KCS-USDT", base="KCS")
    bench = limited(markets=(spot, coin))
    order = bench.submit("buy", "1", plan=PLAN)
    bench.fill(order, fee="0.01", fee_currency="KCS")
    position = bench.state.positions[order.position_id]
    assert (position.size, position.fees) == (1, 1)
    assert bench.state.cash["sim:KCS"] == Decimal("-0.01")
    assert bench.state.cash["sim:USDT"] == 9_900


def test_a_fee_in_a_coin_without_a_price_shrinks_that_coin_alone(bench):
    order = bench.submit("buy", "1", plan=PLAN)
    bench.fill(order, fee="0.01", fee_currency="POINTS")
    assert bench.state.positions[order.position_id].fees == 0
    assert bench.state.cash["sim:POINTS"] == Decimal("-0.01")
    assert isinstance(bench.core.equity().now, Decimal)


def test_a_perpetuals_fee_in_its_coin_takes_nothing_from_the_position(bench, perpetual):
    order = bench.submit("buy", "1", market=perpetual, plan=PLAN)
    bench.fill(order, fee="0.001", fee_currency="BTC")
    assert bench.state.positions[order.position_id].size == 1
    assert bench.state.cash["sim:BTC"] == Decimal("-0.001")


def test_each_fee_is_booked_once(bench):
    order = bench.submit("buy", "1", plan=PLAN)
    for _ in range(3):
        bench.fill(order, "0.5", trade="t1", fee="0.0005", fee_currency="BTC")
    assert bench.state.cash["sim:BTC"] == Decimal("0.4995")
    assert bench.state.booked["sim"].fees == Decimal("0.05")
