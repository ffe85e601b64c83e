"""What the core makes of what it is told."""

from decimal import Decimal

from trading_mcp.domain import entries as e
from trading_mcp.domain.orders import ExitPlan, Order, Refused
from trading_mcp.domain.signals import Signal
from trading_mcp.engine.state import State, encoded

PLAN = ExitPlan(stop_loss_pct=1.0, take_profit_pct=2.0)


def wish(*wishes: str, strength: float = 0.9, market: str = "sim:BTC-USDT", at: int = 0) -> Signal:
    return Signal(
        strategy="wise", market=market, at=at, close=100.0, strength=strength, wishes=wishes
    )


def test_a_filled_entry_is_a_position_with_the_plans_exits(bench):
    order = bench.open(plan=PLAN)
    position = bench.state.positions[order.position_id]
    assert (position.size, position.entry_price) == (1, 100)
    assert (position.stop_loss, position.take_profit) == (Decimal("99.0"), Decimal("102.0"))


def test_a_price_at_the_stop_leaves_the_whole_position(bench):
    entry = bench.open(plan=PLAN)
    (leaving,) = bench.approved(bench.price(99.0))
    assert (leaving.side, leaving.amount, leaving.reason) == ("sell", 1, "stop_loss")
    bench.fill(leaving, price="99")
    closed = bench.state.closed[entry.position_id]
    assert (closed.realized_pnl, closed.close_reason) == (-1, "stop_loss")


def test_a_price_at_the_target_takes_the_profit(bench):
    bench.open(plan=PLAN)
    (leaving,) = bench.approved(bench.price(102.0))
    assert leaving.reason == "take_profit"


def test_a_low_between_two_prices_still_hits_the_stop(bench):
    bench.open(plan=PLAN)
    (leaving,) = bench.approved(bench.price(100.0, low=98.9, high=100.1))
    assert leaving.reason == "stop_loss"


def test_an_exit_that_is_working_is_not_sent_again(bench):
    bench.open(plan=PLAN)
    assert len(bench.approved(bench.price(99.0))) == 1
    bench.now += 120_000
    assert bench.approved(bench.price(98.0)) == []


def test_a_refused_exit_is_tried_again_after_a_while(bench):
    bench.open(plan=PLAN)
    (first,) = bench.approved(bench.price(99.0))
    bench.keep(bench.core.on_refused(first.id, "test", bench.now))
    bench.now -= 900
    assert bench.approved(bench.price(98.9)) == []
    (second,) = bench.approved(bench.price(98.9))
    assert second.amount == 1


def test_an_exit_that_nobody_knows_of_keeps_others_back(bench):
    bench.open(plan=PLAN)
    (leaving,) = bench.approved(bench.price(99.0))
    bench.keep(bench.core.on_unknown(leaving.id, "no answer", bench.now))
    bench.now += 120_000
    assert bench.approved(bench.price(98.0)) == []


def test_the_trailing_stop_follows_up_and_never_down(bench):
    order = bench.open(plan=ExitPlan(stop_loss_pct=5, trailing_pct=1))
    bench.price(110.0)
    assert bench.state.positions[order.position_id].stop_loss == Decimal("108.9")
    bench.price(109.5)
    assert bench.state.positions[order.position_id].stop_loss == Decimal("108.9")
    (leaving,) = bench.approved(bench.price(108.8))
    assert leaving.reason == "trailing_stop"


def test_the_stop_moves_to_break_even_once(bench):
    order = bench.open(plan=ExitPlan(stop_loss_pct=5, breakeven_pct=1))
    bench.price(101.0)
    position = bench.state.positions[order.position_id]
    assert (position.stop_loss, position.stop_kind) == (Decimal("100.2"), "breakeven")
    (leaving,) = bench.approved(bench.price(100.1))
    assert leaving.reason == "breakeven"


def test_a_short_is_left_above(bench, perpetual):
    bench.open("sell", market=perpetual, plan=PLAN)
    (leaving,) = bench.approved(bench.price(101.0))
    assert (leaving.side, leaving.reason) == ("buy", "stop_loss")


def test_a_wish_becomes_an_order_sized_by_its_risk(bench):
    (order,) = bench.approved(bench.keep(bench.core.on_signal(wish("enter_long", at=bench.now))))
    # 0.5 % of 10,000 at a stop 1 % away is 5,000.
    assert (order.owner, order.amount) == ("wise", Decimal("50"))


def test_a_slow_fill_cannot_let_a_strategy_enter_twice(bench):
    bench.keep(bench.core.on_signal(wish("enter_long", at=bench.now)))
    assert bench.keep(bench.core.on_signal(wish("enter_long", at=bench.now + 60_000))) == []


def test_a_weak_wish_is_not_acted_on(bench):
    assert bench.core.on_signal(wish("enter_long", strength=0.4)) == []


def test_a_wish_to_short_spot_is_no_order(bench):
    assert bench.core.on_signal(wish("enter_short")) == []


def test_a_stopped_engine_enters_nothing_but_still_leaves(bench):
    bench.open(plan=PLAN)
    off = e.EngineSwitched(at=bench.now, running=False, principal="test")
    bench.keep(bench.core.record(off))
    assert bench.core.on_signal(wish("enter_long")) == []
    assert bench.approved(bench.price(99.0))


def test_an_exit_wish_leaves_the_strategys_own_position_only(bench):
    bench.open(plan=PLAN)
    (entry,) = bench.approved(bench.keep(bench.core.on_signal(wish("enter_long", at=bench.now))))
    bench.fill(entry)
    (leaving,) = bench.approved(bench.core.on_signal(wish("exit_long", at=bench.now)))
    assert leaving.position_id == entry.position_id


def test_the_kill_switch_stops_entries_and_lets_exits_through(bench):
    bench.open(plan=PLAN)
    bench.keep(bench.core.kill("test", "test", bench.now))
    refused = bench.submit("buy", "1")
    assert isinstance(refused, Refused)
    assert refused.objection.code == "KILL_SWITCH_ACTIVE"
    assert bench.approved(bench.price(99.0))


def test_an_order_approved_before_the_kill_switch_is_not_handed_out_after(bench):
    order = bench.submit("buy", "1")
    bench.keep(bench.core.kill("test", "test", bench.now))
    assert bench.core.hand_out(order.id) is None


def test_an_approved_order_is_handed_out_once(bench):
    order = bench.submit("buy", "1")
    assert bench.core.hand_out(order.id) is not None
    assert bench.core.hand_out(order.id) is None


def test_an_order_beyond_the_accounts_room_is_refused_with_the_limit(limited):
    bench = limited(max_total_exposure_usd=300)
    assert isinstance(bench.submit("buy", "2", price=Decimal(100)), Order)
    refused = bench.submit("buy", "2", price=Decimal(100))
    assert refused.objection.code == "EXPOSURE_LIMIT_EXCEEDED"


def test_losing_in_a_row_pauses_entries_for_a_while(limited):
    bench = limited(max_consecutive_losses=2, loss_cooldown_minutes=10)
    for _ in range(2):
        entry = bench.open(plan=PLAN)
        (leaving,) = bench.approved(bench.price(98.0))
        bench.fill(leaving, price="98")
        assert entry.position_id in bench.state.closed
        bench.price(100.0)
    assert bench.submit("buy", "1").objection.rule == "entries_are_paused"
    bench.now += 600_000
    bench.price(100.0)
    assert isinstance(bench.submit("buy", "1"), Order)


def test_a_lost_day_ends_with_its_day(limited):
    bench = limited(max_daily_loss_usd=5)
    bench.open(plan=ExitPlan(stop_loss_pct=50))
    bench.price(90.0)
    assert "Daily loss" in bench.submit("buy", "1").objection.reason
    bench.price(100.0)
    assert "Daily loss" in bench.submit("buy", "1").objection.reason
    bench.now += 86_400_000
    bench.price(100.0)
    assert isinstance(bench.submit("buy", "1"), Order)


def test_a_deep_fall_of_the_day_turns_the_kill_switch_on(limited):
    bench = limited(max_daily_drawdown_percent=2)
    bench.open(amount="30", plan=ExitPlan(stop_loss_pct=50))
    bench.price(90.0)
    assert bench.state.kill_switch is not None
    assert "Daily drawdown limit exceeded" in bench.state.kill_switch.reason


def test_the_fold_over_the_journal_is_the_state_byte_for_byte(bench, perpetual):
    bench.open(plan=PLAN)
    bench.open("sell", "1", market=perpetual, plan=PLAN)
    bench.price(99.0)
    bench.keep(bench.core.on_signal(wish("enter_long", at=bench.now)))
    bench.keep(bench.core.kill("test", "test", bench.now))
    replayed = State()
    for entry in bench.journal:
        replayed.apply(entry)
    assert encoded(replayed) == encoded(bench.state)


def test_the_gate_refuses_a_strategys_second_entry_whoever_asks(bench):
    assert isinstance(bench.submit("buy", "1", owner="wise"), Order)
    assert bench.submit("buy", "1", owner="wise").objection.rule == "position_is_being_built"


def test_opposite_sides_of_one_perpetual_are_not_held_at_once(bench, perpetual):
    bench.open("buy", market=perpetual, plan=PLAN, owner="wise")
    refused = bench.submit("sell", "1", market=perpetual)
    assert refused.objection.rule == "market_is_held_the_other_way"
    assert isinstance(bench.submit("buy", "1", market=perpetual), Order)


def test_closing_more_than_is_held_is_refused(bench):
    order = bench.open(plan=PLAN)
    too_much = bench.submit("sell", "2", reduces=order.position_id)
    assert too_much.objection.rule == "more_is_closed_than_held"
    assert bench.submit("sell", "2").objection.rule == "position_would_flip"


def test_a_resting_target_does_not_keep_the_stop_back(bench):
    entry = bench.open(plan=PLAN)
    target = bench.submit("sell", "1", reduces=entry.position_id, price=Decimal(120))
    bench.accept(target)
    bench.price(90.0)
    assert bench.state.orders[target.id].cancelling
    cancelled = bench.report_of(target, "cancelled", bench.now)
    (leaving,) = bench.approved(bench.keep(bench.core.on_report(cancelled)))
    assert (leaving.type, leaving.amount, leaving.reason) == ("market", 1, "stop_loss")


def test_a_position_that_is_being_left_is_left_though_the_price_came_back(bench):
    bench.open(plan=PLAN)
    (refused,) = bench.approved(bench.price(99.0))
    bench.keep(bench.core.on_refused(refused.id, "test", bench.now))
    bench.now += 2_000
    (again,) = bench.approved(bench.price(100.0))
    assert again.reason == "stop_loss"


def test_exits_that_trade_nothing_are_tried_ever_more_slowly(bench):
    bench.open(plan=PLAN)
    sent = []
    for second in range(60):
        for order in bench.approved(bench.price(90.0)):
            sent.append(second)
            bench.accept(order)
            bench.keep(bench.core.on_report(bench.report_of(order, "cancelled", bench.now)))
    assert len(sent) == 6


def test_a_selling_limit_below_the_market_is_held_to_what_it_will_fetch(limited, perpetual):
    bench = limited(max_position_size_usd=99, max_total_exposure_usd=300)
    below = {"market": perpetual, "price": Decimal(96)}
    refused = bench.submit("sell", "1", **below)
    assert refused.objection.rule == "position_is_too_large"
    bench.accept(bench.submit("sell", "0.9", **below))
    assert bench.core.standings.exposure() == 90


def test_a_time_from_the_future_is_not_believed(limited):
    bench = limited()
    bench.core.desk._horizon = lambda: bench.now
    order = bench.submit("buy", "1", price=Decimal(100))
    far = bench.now + 10**12
    bench.keep(bench.core.on_report(bench.report_of(order, "open", far)))
    assert bench.core.desk.now <= bench.now + 5_000


def test_a_position_is_enlarged_with_its_own_leverage_only(bench, perpetual):
    bench.open("buy", "1", market=perpetual, plan=PLAN, leverage=2)
    refused = bench.submit("buy", "1", market=perpetual, leverage=5)
    assert refused.objection.rule == "leverage_differs_from_the_position"


def test_selling_coins_of_no_position_makes_no_room_for_one_more(limited):
    bench = limited(max_open_positions=1)
    bench.open(owner="wise", plan=PLAN)
    bench.keep(bench.core.on_balance("sim", "BTC", Decimal(3), "coins"))
    coins = bench.submit("sell", "1", price=Decimal(120))
    assert isinstance(coins, Order)
    assert bench.submit("buy", "1").objection.rule == "too_many_positions"


def test_beside_a_sale_of_coins_two_purchases_are_one_position(bench):
    bench.keep(bench.core.on_balance("sim", "BTC", Decimal(3), "coins"))
    bench.accept(bench.submit("sell", "1", price=Decimal(120)))
    first = bench.submit("buy", "1", price=Decimal(90))
    second = bench.submit("buy", "1", price=Decimal(91))
    assert first.position_id == second.position_id


def test_what_has_ended_is_not_ended_again(bench):
    order = bench.open(plan=PLAN)
    bench.refuse(order)
    bench.keep(bench.core.on_unknown(order.id, "silence", bench.now))
    assert bench.state.ended[order.id].status == "filled"


def test_what_the_exchange_has_is_not_refused_by_it_later(bench):
    order = bench.submit("buy", "1", price=Decimal(90))
    bench.accept(order)
    bench.refuse(order)
    assert bench.state.orders[order.id].status == "open"
