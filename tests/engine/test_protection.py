"""Protective stops that rest at the exchange: each open position has its own, and only one."""

import itertools
from decimal import Decimal

import msgspec
import pytest

from trading_mcp.domain import entries as e
from trading_mcp.domain.markets import ExchangeTerms
from trading_mcp.domain.orders import ExitPlan, Order
from trading_mcp.domain.reports import Liquidated
from trading_mcp.engine.desk import Wished

PLAN = ExitPlan(stop_loss_pct=1.0)
TERMS = ExchangeTerms(holds_stops=True)
SOMEBODY = Wished("somebody")


@pytest.fixture
def held(limited):
    """An account at an exchange that holds stops."""
    return limited(terms=TERMS)


def stops(bench) -> list[Order]:
    return [order for order in bench.state.orders.values() if order.protective]


def guarded(bench, amount: str = "1", side: str = "buy", **fields) -> tuple[Order, Order]:
    """Open a position whose stop is accepted; return its entry and its stop."""
    entry = bench.open(side, amount, **{"plan": PLAN, **fields})
    (stop,) = stops(bench)
    bench.accept(stop)
    return entry, bench.state.orders[stop.id]


def move_stop(bench, position_id: str, level: str) -> list[e.AnyEntry]:
    """Somebody moves a position's stop by hand."""
    position = bench.state.positions[position_id]
    moved = msgspec.structs.replace(position, stop_loss=Decimal(level), stops_by_hand=True)
    changed = e.PositionChanged(at=bench.now, position=moved, why="by hand", principal="test")
    return bench.keep(bench.core.record(changed))


def refusals(bench, times: int) -> list[int]:
    """The exchange refuses each stop; return when each of *times* was placed (UTC ms)."""
    tried = []
    for _ in range(300):
        for stop in stops(bench):
            tried.append(bench.now)
            bench.refuse(stop)
        if len(tried) == times:
            break
        bench.price(100.0)
    return tried


def alerts(bench, trigger: str) -> list[str]:
    return [a.severity for a in bench.state.alerts.values() if a.trigger == trigger]


@pytest.mark.parametrize(("side", "out", "level"), [("buy", "sell", 99), ("sell", "buy", 101)])
def test_a_position_gets_one_stop_of_its_side_size_and_level(held, perpetual, side, out, level):
    entry = held.open(side, "0.5", market=perpetual, plan=PLAN, leverage=2)
    (stop,) = stops(held)
    assert (stop.type, stop.side, stop.amount, stop.stop_price) == (
        "stop",
        out,
        Decimal("0.5"),
        level,
    )
    assert (stop.reduce_only, stop.leverage, stop.reason) == (True, 2, "stop_loss")
    assert stop.position_id == entry.position_id
    held.accept(stop)
    for _ in range(5):
        assert held.approved(held.price(100.0)) == []


def test_where_the_exchange_holds_no_stops_none_is_placed(bench):
    bench.open(plan=PLAN)
    bench.price(100.0)
    assert stops(bench) == []


def test_a_position_without_a_stop_gets_none(held):
    held.open(plan=ExitPlan(stop_loss_pct=0.0))
    held.price(100.0)
    assert stops(held) == []


def test_the_stop_follows_the_size_at_once(held):
    entry, first = guarded(held)
    more = held.submit("buy", "1", plan=PLAN)
    held.fill(more)
    assert more.position_id == entry.position_id
    assert held.state.orders[first.id].cancelling
    (second,) = held.approved(held.end(first))
    assert (second.protective, second.amount) == (True, 2)


def test_nothing_is_placed_while_the_old_stop_may_still_trade(held):
    _, first = guarded(held)
    held.fill(held.submit("buy", "1", plan=PLAN))
    for _ in range(5):
        assert held.approved(held.price(100.0)) == []
    assert stops(held) == [held.state.orders[first.id]]


def test_a_stop_that_follows_the_price_is_replaced_every_two_seconds_at_most(held):
    _, first = guarded(held, plan=ExitPlan(stop_loss_pct=5, trailing_pct=1))
    held.now -= 500
    held.price(110.0)  # half a second later
    assert not held.state.orders[first.id].cancelling
    held.price(111.0)
    assert not held.state.orders[first.id].cancelling
    held.price(112.0)
    assert held.state.orders[first.id].cancelling
    (second,) = held.approved(held.end(first))
    assert second.stop_price == Decimal("110.9")


def test_a_stop_moved_by_hand_is_replaced(held):
    entry, first = guarded(held)
    held.wait(2_000)
    move_stop(held, entry.position_id, "98")
    assert held.state.orders[first.id].cancelling
    (second,) = held.approved(held.end(first))
    assert second.stop_price == 98


def test_a_stop_that_is_taken_away_is_called_off(held):
    entry, first = guarded(held)
    position = msgspec.structs.replace(held.state.positions[entry.position_id], stop_loss=None)
    gone = e.PositionChanged(at=held.now, position=position, why="by hand", principal="test")
    held.keep(held.core.record(gone))
    assert held.state.orders[first.id].cancelling
    assert held.approved(held.end(first)) == []


def test_a_stop_that_has_traded_in_part_stays(held):
    _, stop = guarded(held)
    held.price(100.0)
    held.fill(stop, "0.4", price="99")
    held.price(100.0)
    assert stops(held) == [held.state.orders[stop.id]]
    assert not held.state.orders[stop.id].cancelling


def test_a_refused_stop_is_tried_again_ever_more_slowly(limited):
    bench = limited(terms=ExchangeTerms(holds_stops=True, closes_unprotected=False))
    bench.open(plan=PLAN)
    tried = refusals(bench, 9)
    waits = [(b - a) // 1_000 for a, b in itertools.pairwise(tried)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_after_five_refused_stops_the_position_is_closed_and_people_are_told(held):
    entry = held.open(plan=PLAN)
    assert len(refusals(held, 5)) == 5
    assert alerts(held, "unprotected") == []
    made = held.wait(20_000)
    (out,) = held.approved(made)
    assert (out.type, out.amount, out.reason) == ("market", 1, "unprotected")
    assert held.state.positions[entry.position_id].leaving == "unprotected"
    assert alerts(held, "unprotected") == ["critical"]


def test_where_people_want_it_an_unprotected_position_is_watched_and_told_of_once(limited):
    bench = limited(terms=ExchangeTerms(holds_stops=True, closes_unprotected=False))
    entry = bench.open(plan=PLAN)
    refusals(bench, 8)
    assert alerts(bench, "unprotected") == ["critical"]
    assert bench.state.positions[entry.position_id].leaving == ""
    (out,) = [o for o in bench.approved(bench.price(98.9)) if not o.protective]
    assert (out.type, out.reason) == ("market", "stop_loss")


def test_a_stop_that_did_its_work_ends_the_row_of_refusals(held):
    entry = held.open(plan=PLAN)
    refusals(held, 4)
    held.wait(9_000)
    (stop,) = stops(held)
    held.accept(stop)
    held.wait(2_000)
    move_stop(held, entry.position_id, "98")
    held.end(stop)
    assert len(refusals(held, 4)) == 4
    held.wait(9_000)
    assert alerts(held, "unprotected") == []
    assert len(stops(held)) == 1


def test_a_stop_that_the_exchange_takes_away_is_not_placed_without_end(held):
    entry = held.open(plan=PLAN)
    placed = 0
    for _ in range(100):
        while placed < 100 and (working := stops(held)):
            placed += 1
            held.accept(working[0])
            held.end(working[0])
        held.price(100.0)
    assert placed == 5
    assert held.state.positions[entry.position_id].leaving == "unprotected"


def test_a_stop_that_stood_for_long_and_was_taken_away_is_placed_again_soon(held):
    held.open(plan=PLAN)
    for _ in range(10):
        (stop,) = stops(held)
        held.accept(stop)
        held.wait(120_000)
        held.end(stop)
        held.wait(1_000)
    assert alerts(held, "unprotected") == []
    assert len(stops(held)) == 1


def test_a_stop_that_the_price_has_passed_leaves_at_once(held):
    entry, first = guarded(held)
    held.wait(2_000)
    move_stop(held, entry.position_id, "100.5")
    made = held.end(first)
    (out,) = held.approved(made)
    assert (out.type, out.amount, out.reason) == ("market", 1, "stop_loss")


def test_the_exchange_acts_first_and_after_five_seconds_so_do_we(held):
    entry, stop = guarded(held)
    for _ in range(5):
        assert held.approved(held.price(98.5)) == []
    assert not held.state.orders[stop.id].cancelling
    held.price(98.5)
    assert held.state.orders[stop.id].cancelling
    (out,) = held.approved(held.end(stop))
    assert (out.type, out.amount, out.reason) == ("market", 1, "stop_loss")
    held.fill(out, price="98.5")
    assert entry.position_id in held.state.closed


def test_a_price_that_comes_back_gives_the_exchange_its_time_again(held):
    _, stop = guarded(held)
    for _ in range(4):
        held.price(98.5)
    held.price(100.0)
    for _ in range(5):
        held.price(98.5)
    assert not held.state.orders[stop.id].cancelling


def test_a_stop_that_is_on_its_way_is_watched_here_meanwhile(held):
    held.open(plan=PLAN)
    (stop,) = stops(held)
    held.price(98.5)
    held.accept(stop)
    held.price(98.5)
    assert held.state.orders[stop.id].cancelling
    (out,) = held.approved(held.end(stop))
    assert (out.type, out.reason) == ("market", "stop_loss")


def test_a_stop_that_nobody_knows_of_is_not_doubled_and_keeps_the_exit_back(held):
    entry = held.open(plan=PLAN)
    (stop,) = stops(held)
    held.keep(held.core.on_unknown(stop.id, "silence", held.now))
    held.keep(held.core.close_position(entry.position_id, SOMEBODY, held.now))
    for _ in range(90):
        assert held.approved(held.price(98.0)) == []
    held.refuse(stop)
    held.wait(1_000)
    (out,) = [o for o in held.state.orders.values() if o.reduce_only]
    assert (out.type, out.amount) == ("market", 1)


def test_a_stop_that_traded_at_the_exchange_closes_the_position(held):
    entry, stop = guarded(held)
    held.fill(stop, price="99")
    assert held.state.positions == {}
    assert held.state.closed[entry.position_id].close_reason == "stop_loss"
    assert held.approved(held.price(100.0)) == []


def test_an_exit_by_hand_takes_the_stop_back_first(held):
    entry, stop = guarded(held)
    until = held.now + 60_000
    amount = Decimal("0.4")
    in_the_way, made = held.core.make_way(entry.position_id, amount, until)
    held.keep(made)
    assert [order.id for order in in_the_way] == [stop.id]
    held.end(stop)
    assert held.approved(held.price(100.0)) == []
    out = held.submit("sell", "0.4", reduces=entry.position_id)
    assert isinstance(out, Order)
    held.core.end_way(entry.position_id)
    (rest,) = held.approved(held.price(100.0))
    assert (rest.protective, rest.amount) == (True, Decimal("0.6"))


def test_a_way_ends_by_itself(held):
    entry, stop = guarded(held)
    _, made = held.core.make_way(entry.position_id, Decimal(1), held.now + 60_000)
    held.keep(made)
    held.end(stop)
    held.wait(59_000)
    assert stops(held) == []
    held.wait(1_000)
    assert len(stops(held)) == 1


def test_a_restart_keeps_the_stop_and_places_none(held):
    _, stop = guarded(held)
    held.restart()
    assert held.approved(held.price(100.0)) == []
    assert [order.id for order in stops(held)] == [stop.id]


def test_the_stops_of_a_liquidated_position_are_called_off(held, perpetual):
    _, stop = guarded(held, market=perpetual)
    report = Liquidated(
        exchange="sim",
        symbol=perpetual.symbol,
        trade_id="l1",
        amount=Decimal(1),
        price=Decimal(91),
        fee=Decimal(0),
        at=held.now,
    )
    held.keep(held.core.on_liquidated(report))
    assert held.state.positions == {}
    assert held.state.orders[stop.id].cancelling


def test_a_stop_that_is_accepted_after_its_position_is_gone_is_called_off(held, perpetual):
    entry = held.open(market=perpetual, plan=PLAN)
    (stop,) = stops(held)
    exit_ = msgspec.structs.replace(entry, side="sell")
    report = Liquidated(
        exchange="sim",
        symbol=exit_.symbol,
        trade_id="l1",
        amount=Decimal(1),
        price=Decimal(91),
        fee=Decimal(0),
        at=held.now,
    )
    held.keep(held.core.on_liquidated(report))
    held.accept(stop)
    held.wait(1_000)
    assert held.state.orders[stop.id].cancelling


def test_the_kill_switch_leaves_protective_stops_alone(held):
    entry, stop = guarded(held)
    held.keep(held.core.kill("test", "test", held.now))
    held.price(100.0)
    assert stops(held) == [held.state.orders[stop.id]]
    assert stop.id not in {order.id for order in held.core.working_entries()}
    held.wait(2_000)
    move_stop(held, entry.position_id, "98")
    (second,) = held.approved(held.end(stop))
    assert held.core.hand_out(second.id) is not None


def test_what_is_too_little_for_a_stop_is_watched_here(limited):
    bench = limited(terms=ExchangeTerms(holds_stops=True, closes_any_size=False))
    bench.open("buy", "0.01", plan=PLAN)
    assert stops(bench) == []


def test_of_two_owners_in_one_market_each_has_its_stop(held):
    guarded(held)
    held.fill(held.submit("buy", "2", owner="wise", plan=PLAN))
    assert sorted((o.owner, o.amount) for o in stops(held)) == [("manual", 1), ("wise", 2)]


def test_an_exit_that_rests_takes_the_stops_place_which_is_told_and_watched_here(held):
    entry, stop = guarded(held)
    _, made = held.core.make_way(entry.position_id, Decimal(1), held.now + 60_000)
    held.keep(made)
    held.end(stop)
    out = held.submit("sell", "1", price=Decimal(110), reduces=entry.position_id)
    held.core.end_way(entry.position_id)
    held.accept(out)
    told = [a for a in held.state.alerts.values() if a.trigger == "unprotected"]
    assert [(a.severity, a.message) for a in told] == [("warning", held.core.displaced(out))]
    assert "this server watches it" in told[0].message
    assert stops(held) == []
    held.price(98.0)
    assert held.state.orders[out.id].cancelling
    (leaving,) = held.approved([*held.end(out), *held.wait(1_000)])
    assert (leaving.type, leaving.amount, leaving.reason) == ("market", 1, "stop_loss")


def test_a_market_exit_and_an_entry_take_no_stops_place(held):
    entry, stop = guarded(held)
    held.end(stop)
    out = held.submit("sell", "0.4", reduces=entry.position_id)
    assert held.core.displaced(out) == ""
    assert held.core.displaced(held.state.order(entry.id)) == ""


# Beside an exit: on a perpetual the whole stop may rest, for both only reduce


def resting_exit(bench, entry: Order, amount: str = "1") -> Order:
    """An exit at 110 that rests, in whose way the stop was, if it was."""
    in_the_way, made = bench.core.make_way(entry.position_id, Decimal(amount), bench.now + 60_000)
    bench.keep(made)
    for stop in in_the_way:
        bench.end(stop)
    market = bench.core.markets[entry.market]
    fields = {"market": market, "price": Decimal(110), "leverage": entry.leverage}
    out = bench.submit("sell", amount, reduces=entry.position_id, **fields)
    bench.core.end_way(entry.position_id)
    bench.accept(out)
    bench.price(100.0)
    return bench.state.orders[out.id]


@pytest.fixture
def beside(held, perpetual) -> tuple:
    """A perpetual position of 1 with an exit for all of it, and with its stop."""
    entry, _ = guarded(held, market=perpetual)
    out = resting_exit(held, entry)
    (stop,) = stops(held)
    held.accept(stop)
    return held, entry, out, held.state.orders[stop.id]


def unprotected(bench) -> list[str]:
    return [a.message for a in bench.state.alerts.values() if a.trigger == "unprotected"]


def test_on_a_perpetual_the_whole_stop_rests_beside_an_exit_and_nobody_is_alarmed(beside):
    bench, _, out, stop = beside
    assert (stop.amount, stop.stop_price, stop.reduce_only) == (1, 99, True)
    assert (out.amount, out.cancelling, stop.cancelling) == (1, False, False)
    assert unprotected(bench) == []
    assert bench.core.displaced(out) == ""
    for _ in range(5):
        assert bench.approved(bench.price(100.0)) == []
    assert stops(bench) == [stop]


def test_while_the_exit_is_on_its_way_the_stop_rests_for_the_remainder(held, perpetual):
    entry, stop = guarded(held, market=perpetual)
    _, made = held.core.make_way(entry.position_id, Decimal("0.4"), held.now + 60_000)
    held.keep(made)
    held.end(stop)
    out = held.submit(
        "sell", "0.4", market=perpetual, price=Decimal(110), reduces=entry.position_id
    )
    held.core.end_way(entry.position_id)
    (rest,) = held.approved(held.price(100.0))
    assert rest.amount == Decimal("0.6")
    held.accept(rest)
    held.accept(out)
    held.price(100.0)
    (whole,) = held.approved(held.end(rest))
    assert whole.amount == 1


def test_the_stop_that_trades_calls_the_exit_off(beside):
    bench, entry, out, stop = beside
    bench.fill(stop, price="99")
    assert bench.state.closed[entry.position_id].close_reason == "stop_loss"
    assert bench.state.orders[out.id].cancelling


def test_the_stop_that_has_traded_in_part_calls_the_exit_off_and_goes_on(beside):
    bench, _, out, stop = beside
    bench.fill(stop, "0.4", price="99")
    assert bench.state.orders[out.id].cancelling
    assert not bench.state.orders[stop.id].cancelling
    assert bench.approved(bench.end(out)) == []
    bench.fill(stop, "0.6", price="99")
    assert bench.state.positions == {}


def test_the_exit_that_trades_calls_the_stop_off(beside):
    bench, entry, out, stop = beside
    bench.fill(out, price="110")
    assert bench.state.closed[entry.position_id].close_reason == "manual"
    assert bench.state.orders[stop.id].cancelling


def test_the_stop_follows_what_the_exit_has_left_of_the_position(beside):
    bench, _, out, stop = beside
    bench.fill(out, "0.4", price="110")
    assert not bench.state.orders[out.id].cancelling
    assert bench.state.orders[stop.id].cancelling
    (rest,) = bench.approved(bench.end(stop))
    assert rest.amount == Decimal("0.6")


def test_what_else_may_come_into_the_market_sends_the_stop_to_the_remainder_and_is_told(
    beside, perpetual
):
    bench, _, out, stop = beside
    bench.submit("buy", "0.1", market=perpetual, price=Decimal(98), owner="wise")
    bench.price(100.0)
    assert bench.state.orders[stop.id].cancelling
    assert not bench.state.orders[out.id].cancelling
    assert bench.approved(bench.end(stop)) == []
    bench.price(100.0)
    assert unprotected(bench) == [bench.core.displaced(bench.state.orders[out.id])]


def test_a_level_that_the_exchange_does_not_act_on_is_left_by_us_once_both_are_gone(beside):
    bench, _, out, stop = beside
    for _ in range(6):
        assert bench.approved(bench.price(98.5)) == []
    assert bench.state.orders[stop.id].cancelling
    assert bench.state.orders[out.id].cancelling
    assert bench.approved(bench.end(out)) == []
    (leaving,) = bench.approved(bench.end(stop))
    assert (leaving.type, leaving.amount, leaving.reason) == ("market", 1, "stop_loss")


def test_a_stop_that_is_refused_beside_an_exit_is_watched_here_which_is_told(held, perpetual):
    entry, _ = guarded(held, market=perpetual)
    out = resting_exit(held, entry)
    assert len(refusals(held, 3)) == 3
    held.wait(120_000)
    assert stops(held) == []
    assert unprotected(held) == [held.core.displaced(out)]
    assert held.state.positions[entry.position_id].leaving == ""
    (leaving,) = held.approved([*held.price(98.0), *held.end(out)])
    assert (leaving.type, leaving.amount) == ("market", 1)


def test_what_both_have_closed_was_taken_from_others_and_turns_no_position(beside, perpetual):
    bench, entry, out, stop = beside
    bench.fill(bench.submit("buy", "1", market=perpetual, owner="wise", plan=PLAN))
    (others,) = [p for p in bench.state.positions.values() if p.owner == "wise"]
    bench.fill(out, price="110")
    bench.fill(stop, price="99")
    assert bench.state.closed[entry.position_id].size == 0
    assert bench.state.closed[entry.position_id].exit_price == 110
    assert bench.state.positions[others.id].size == 1
    bench.keep(bench.core.on_agreed("sim:BTC-USDT-PERP"))
    assert bench.state.closed[others.id].close_reason == "closed_outside"
    assert bench.state.closed[others.id].exit_price == 99


def test_a_restart_keeps_both(beside):
    bench, _, out, stop = beside
    bench.restart()
    assert bench.approved(bench.price(100.0)) == []
    assert not bench.state.orders[out.id].cancelling
    assert stops(bench) == [stop]
