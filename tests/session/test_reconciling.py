"""Agreeing with the exchange: what it has, and we do not know, is found, booked or told."""

from decimal import Decimal

import pytest

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.orders import EXTERNAL, Order, OrderIntent
from trading_mcp.domain.reports import Transferred
from trading_mcp.services.operations import Caller
from trading_mcp.services.shapes.risk import ResumeRequest
from trading_mcp.services.switches import SwitchService

START = 1_763_287_200_000


def wish(side: str = "buy", **fields) -> OrderIntent:
    return OrderIntent(
        **{
            "market": "sim:AAA-USDT",
            "side": side,
            "type": "limit" if "price" in fields else "market",
            "amount": Decimal(1),
            "owner": "manual",
            "principal": "test",
            "reason": "manual",
            **fields,
        }
    )


def alerts(session, trigger: str) -> int:
    return [a.trigger for a in session.state.alerts.values()].count(trigger)


async def test_an_order_that_was_there_before_us_is_adopted_and_followed_to_its_end(rig):
    one = rig()
    one.venue.place_foreign("by-hand", amount=Decimal(2))
    session = await one.open()
    assert session.state.orders["ext_by-hand"].owner == EXTERNAL
    assert session.core.standings.exposure() == 180
    one.venue.trade("by-hand", "90", "buy", Decimal(2))
    await one.agree()
    assert session.state.ended["ext_by-hand"].status == "filled"
    assert session.state.cash["sim:AAA"] == 2
    assert session.state.cash["sim:USDT"] == one.venue.money
    assert session.state.halted == {}
    assert session.state.positions == {}


async def test_a_foreign_order_that_is_cancelled_counts_no_more(rig):
    one = rig()
    session = await one.open()
    one.venue.place_foreign("by-hand")
    await one.agree()
    assert alerts(session, "outside_order") == 1
    await one.venue.cancel("AAA-USDT", "by-hand")
    await one.agree()
    assert session.state.ended["ext_by-hand"].status == "cancelled"
    assert session.core.standings.exposure() == 0


async def test_an_order_with_our_tag_that_the_journal_does_not_know_stops_everything(rig):
    one = rig()
    session = await one.open()
    one.venue.place_foreign("ord_0lost-test")
    await one.agree()
    assert session.state.kill_switch is not None
    assert alerts(session, "alien_order") == 1


async def test_trades_that_no_stream_told_of_are_found(rig):
    one = rig()
    session = await one.open()
    order = await session.submit(wish(price=Decimal(99)), within=1)
    one.venue.trade(order.client_id, "99", "buy", Decimal(1))
    await one.agree()
    assert session.state.ended[order.id].status == "filled"
    for _ in range(3):
        await one.agree()
    assert session.state.cash["sim:AAA"] == 1


async def test_what_was_traded_before_we_came_is_in_the_opening_balance(rig):
    one = rig()
    one.venue.place_foreign("old", amount=Decimal(2))
    one.venue.trade("old", "90", "buy", Decimal(2))
    one.clock.at = START + 1
    session = await one.open()

    async def everything(since):
        return one.venue._fills()

    one.venue.fills_since = everything
    await one.agree()
    assert session.state.cash["sim:AAA"] == 2
    assert session.state.halted == {}


async def test_a_transfer_that_is_told_is_explained(rig):
    one = rig()
    session = await one.open()
    one.venue.moved = Decimal(-3_000)
    one.venue.told = [
        Transferred(
            exchange="sim",
            transfer_id="x1",
            currency="USDT",
            amount=Decimal(-3_000),
            kind="withdrawal",
            at=one.clock.at,
        )
    ]
    for _ in range(3):
        await one.agree()
    assert session.state.cash["sim:USDT"] == 7_000
    assert session.state.halted == {}
    assert session.core.earnings("day").net == 0
    assert isinstance(await session.submit(wish(), within=1), Order)


async def test_a_difference_that_nobody_explains_halts_until_a_person_resumes(rig):
    one = rig()
    session = await one.open()
    one.venue.moved = Decimal(-100)
    await one.agree()
    refused = await session.submit(wish(), within=1)
    assert refused.objection.rule == "market_is_halted"
    assert session.state.cash["sim:USDT"] == 9_900
    switches = SwitchService(session)
    with pytest.raises(InvalidParameter, match="halted: sim:USDT"):
        await switches.resume_trading(ResumeRequest(asset="sim:AAA"), Caller("test", None))
    answer = await switches.resume_trading(ResumeRequest(asset="sim:USDT"), Caller("test", None))
    assert answer.halted == {}
    assert isinstance(await session.submit(wish(), within=1), Order)


async def test_rounding_is_booked_and_halts_nothing(rig):
    one = rig()
    session = await one.open()
    one.venue.moved = Decimal("0.00005")
    await one.agree()
    assert session.state.cash["sim:USDT"] == Decimal("10000.00005")
    assert session.state.halted == {}


async def test_while_orders_rest_only_what_is_seen_twice_is_a_difference(rig):
    one = rig()
    session = await one.open()
    await session.submit(wish(price=Decimal(90)), within=1)
    one.venue.moved = Decimal(-100)
    await one.agree()
    assert session.state.halted == {}
    assert session.state.cash["sim:USDT"] == 10_000
    await one.agree()
    assert list(session.state.halted) == ["sim:USDT"]


async def test_a_difference_that_changes_is_looked_at_again(rig):
    one = rig()
    session = await one.open()
    await session.submit(wish(price=Decimal(90)), within=1)
    for moved in (-100, -200, 0):
        one.venue.moved = Decimal(moved)
        await one.agree()
    assert session.state.halted == {}


async def test_nothing_is_compared_while_an_outcome_is_unknown(rig):
    one = rig()
    session = await one.open()
    one.venue.accepts, one.venue.answer = False, one.venue.fall_silent
    await session.submit(wish(price=Decimal(90)), within=1)
    one.venue.moved = Decimal(-100)
    for _ in range(3):
        await one.agree()
    assert session.state.halted == {}


async def test_coins_that_are_gone_close_their_position(rig):
    one = rig()
    session = await one.open()
    order = await session.submit(wish(), within=1)
    await one.quiet()
    balances = await one.venue.balances()

    async def without():
        return [b for b in balances if b.currency != "AAA"]

    one.venue.balances = without
    await one.agree()
    assert session.state.closed[order.position_id].close_reason == "not in the account"
    assert list(session.state.halted) == ["sim:AAA"]


async def test_a_trade_by_hand_between_two_questions_is_no_difference(rig):
    one = rig()
    session = await one.open()
    order = await session.submit(wish(), within=1)
    await one.quiet()
    balances = one.venue.balances

    async def after_a_sale():
        one.venue.balances = balances
        one.venue.place_foreign("by-hand", side="sell")
        one.venue.trade("by-hand", "110", "sell", order.amount)
        return await balances()

    one.venue.balances = after_a_sale
    await one.agree()
    closed = session.state.closed[order.position_id]
    assert (closed.close_reason, closed.exit_price) == ("closed_outside", 110)
    assert session.state.halted == {}


async def test_a_trade_by_hand_that_was_booked_before_a_crash_closes_at_its_price_after_it(rig):
    one = rig()
    session = await one.open()
    order = await session.submit(wish(), within=1)
    await one.quiet()
    one.venue.place_foreign("by-hand", side="sell")
    one.venue.stream.put_nowait(one.venue.trade("by-hand", "110", "sell", order.amount))
    await one.quiet()
    assert session.state.cash["sim:AAA"] == 0
    assert session.state.positions[order.position_id].size == order.amount
    await one.close()

    later = await one.open()
    closed = later.state.closed[order.position_id]
    assert (closed.close_reason, closed.exit_price) == ("closed_outside", 110)
    assert later.state.halted == {}
