"""What is too little to be sold is written off: no exit is tried for ever."""

from decimal import Decimal

import pytest

from trading_mcp.domain.markets import ExchangeTerms
from trading_mcp.domain.orders import ExitPlan
from trading_mcp.engine.desk import Wished

PLAN = ExitPlan(stop_loss_pct=1.0)


@pytest.fixture
def choosy(limited):
    """An account at an exchange that sells nothing below its minimum (worth 1)."""
    return limited(terms=ExchangeTerms(closes_any_size=False))


def closing(bench, position_id: str):
    return bench.approved(
        bench.keep(bench.core.close_position(position_id, Wished("test"), bench.now))
    )


def test_dust_is_written_off_with_no_profit_and_no_loss(choosy):
    entry = choosy.open(amount="0.01", plan=PLAN)
    assert closing(choosy, entry.position_id) != []  # worth 1: it may be sold
    second = choosy.open(amount="0.01", owner="wise", plan=PLAN)
    choosy.price(99.5)
    assert closing(choosy, second.position_id) == []
    closed = choosy.state.closed[second.position_id]
    assert (closed.close_reason, closed.size) == ("manual", 0)
    assert closed.realized_pnl == Decimal("-0.005")
    assert choosy.state.cash["sim:BTC"] == Decimal("0.02")


def test_the_rest_of_a_part_exit_that_is_dust_is_written_off(choosy):
    entry = choosy.open(plan=PLAN)
    (out,) = choosy.approved(choosy.price(98.0))
    choosy.accept(out)
    choosy.fill(out, "0.995", price="98")
    choosy.end(out)
    closed = choosy.state.closed[entry.position_id]
    assert closed.close_reason == "stop_loss"
    assert choosy.state.cash["sim:BTC"] == Decimal("0.005")
    assert choosy.approved(choosy.price(98.0)) == []


def test_where_any_size_may_be_sold_only_less_than_a_step_is_dust(bench):
    bench.open(amount="0.01", plan=PLAN)
    (out,) = bench.approved(bench.price(50.0))
    assert out.amount == Decimal("0.01")


def test_less_than_a_step_is_dust_everywhere(bench):
    entry = bench.open(plan=PLAN)
    (out,) = bench.approved(bench.price(98.0))
    bench.fill(out, "0.999995", price="98")
    bench.end(out)
    assert entry.position_id in bench.state.closed


def test_coins_that_were_written_off_may_be_sold_with_others(choosy):
    entry = choosy.open(amount="0.01", plan=PLAN)
    choosy.price(99.5)
    closing(choosy, entry.position_id)
    assert choosy.core.standings.standing("sim:BTC-USDT", choosy.now).free_base == Decimal("0.01")


def test_dust_does_not_count_as_a_position(choosy):
    entry = choosy.open(amount="0.01", plan=PLAN)
    choosy.price(99.5)
    closing(choosy, entry.position_id)
    standing = choosy.core.standings.standing("sim:BTC-USDT", choosy.now)
    assert standing.positions_open == 0
