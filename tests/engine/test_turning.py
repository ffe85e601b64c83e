"""A strategy that wishes to leave and to enter at once: it enters when it has left."""

from decimal import Decimal

import pytest

from trading_mcp.domain import entries as e
from trading_mcp.domain.orders import ExitPlan
from trading_mcp.domain.signals import Signal

PLAN = ExitPlan(stop_loss_pct=1.0, take_profit_pct=2.0)


@pytest.fixture
def wish(perpetual):
    def made(*wishes, at=0):
        return Signal(
            strategy="wise", market=perpetual.key, at=at, close=100.0, strength=0.9, wishes=wishes
        )

    return made


def entered(bench, wish):
    (order,) = bench.approved(bench.keep(bench.core.on_signal(wish("enter_long", at=bench.now))))
    bench.accept(order)
    bench.fill(order)
    return order


def turned(bench, wish):
    wishes = wish("exit_long", "enter_short", at=bench.now)
    (leaving,) = bench.approved(bench.keep(bench.core.on_signal(wishes)))
    bench.accept(leaving)
    return leaving


def test_who_turns_round_leaves_first_and_enters_once_all_is_left(bench, wish):
    entered(bench, wish)
    leaving = turned(bench, wish)
    assert leaving.reason == "exit_signal"

    assert bench.approved(bench.fill(leaving, "1")) == []
    (entering,) = bench.approved(bench.fill(leaving, str(leaving.amount - 1)))

    assert (entering.side, entering.reason, entering.reduce_only) == ("sell", "signal", False)


def test_a_wish_that_waited_too_long_is_not_acted_on(bench, wish):
    entered(bench, wish)
    leaving = turned(bench, wish)
    bench.wait(61_000)

    assert bench.approved(bench.fill(leaving)) == []


def test_who_is_asked_again_wishes_anew(bench, wish):
    entered(bench, wish)
    leaving = turned(bench, wish)
    bench.core.on_signal(wish(at=bench.now))

    assert bench.approved(bench.fill(leaving)) == []


def test_a_strategy_that_was_stopped_meanwhile_enters_nothing(bench, wish):
    entered(bench, wish)
    leaving = turned(bench, wish)
    bench.keep(bench.core.record(e.EngineSwitched(at=bench.now, running=False, principal="test")))

    assert bench.approved(bench.fill(leaving)) == []


def test_after_the_kill_switch_a_strategy_only_leaves(bench, wish):
    entered(bench, wish)
    leaving = turned(bench, wish)
    bench.keep(bench.core.kill("test", "test", bench.now))

    assert bench.approved(bench.fill(leaving)) == []


def test_an_exit_expects_the_level_that_was_reached(bench):
    bench.open(plan=PLAN)
    (leaving,) = bench.approved(bench.price(98.5, high=100.0, low=98.4))
    assert leaving.expected_price == Decimal("98.5")  # it opened beyond the stop
    assert bench.core.hand_out(leaving.id).expected_price == Decimal("98.5")


def test_an_exit_at_a_target_expects_the_target(bench):
    bench.open(plan=PLAN)
    (leaving,) = bench.approved(bench.price(101.0, high=102.5))
    assert leaving.expected_price == Decimal("102.0")
