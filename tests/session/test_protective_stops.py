"""Protective stops at the exchange, through the whole session."""

import asyncio
from decimal import Decimal

import msgspec
import pytest

from trading_mcp.domain.errors import ExchangeError, InvalidParameter
from trading_mcp.domain.markets import ExchangeTerms
from trading_mcp.domain.orders import ExitPlan, OrderIntent
from trading_mcp.engine.desk import Wished
from trading_mcp.services.operations import Caller
from trading_mcp.services.orders import OrderService
from trading_mcp.services.shapes.orders import CancelAllRequest, CancelRequest

PLAN = ExitPlan(stop_loss_pct=10.0)


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
            "plan": None if "reduces" in fields else PLAN,
            **fields,
        }
    )


@pytest.fixture
async def one(rig):
    """A session whose exchange holds stops, with one position and its stop."""
    made = rig()
    made.terms = ExchangeTerms(holds_stops=True)
    await made.open()
    await made.session.submit(wish(), within=1)
    await made.quiet()
    return made


def position(one):
    (held,) = one.session.state.positions.values()
    return held


def stops(one) -> list[tuple[Decimal, Decimal]]:
    """What rests at the exchange as stops: their amounts and levels."""
    sent = {order.client_id: order for order in one.venue.sent}
    resting = [sent[c] for c, report in one.venue.orders.items() if report.status == "open"]
    assert all(o.type == "stop" and o.reduce_only and o.side == "sell" for o in resting)
    return [(order.amount, order.stop_price) for order in resting]


async def settled(one, expected) -> None:
    await one.until(lambda: stops(one) == expected)
    await one.quiet()
    assert stops(one) == expected


async def test_a_position_has_one_stop_at_the_exchange(one):
    await one.agree()
    assert stops(one) == [(1, 90)]
    assert [order.type for order in one.venue.sent] == ["market", "stop"]


async def test_a_restart_keeps_it(one):
    await one.session.flight.close()
    await one.open()
    await one.agree()
    assert stops(one) == [(1, 90)]
    assert len(one.venue.sent) == 2


async def test_a_stop_that_traded_while_we_were_down_has_closed_the_position(one):
    await one.session.flight.close()
    one.venue.trade(one.venue.sent[1].client_id, "89.5", "sell", Decimal(1))
    again = await one.open()
    (closed,) = again.state.closed.values()
    assert (closed.close_reason, closed.exit_price) == ("stop_loss", Decimal("89.5"))
    assert again.state.halted == {}
    assert len(one.venue.sent) == 2


async def test_an_exit_by_hand_first_takes_the_stop_back(one):
    free = []
    one.venue.answer = lambda order: free.append(stops(one))
    out = await one.session.submit(
        wish("sell", amount=Decimal("0.4"), reduces=position(one).id), within=1
    )
    assert out.status == "filled"
    assert free[0] == []
    await settled(one, [(Decimal("0.6"), Decimal(90))])


async def test_closing_takes_the_stop_back_and_leaves_none(one):
    await one.session.close_position(position(one).id, Wished("test"), within=5)
    await one.quiet()
    assert one.session.state.positions == {}
    assert stops(one) == []
    assert [order.type for order in one.venue.sent] == ["market", "stop", "market"]


async def test_an_exit_is_not_sent_while_the_stop_may_still_trade(one):
    async def deaf(symbol, client_id):
        await asyncio.sleep(0)

    one.settings = msgspec.structs.replace(one.settings, order_timeout_ms=50)
    one.venue.cancel = deaf
    with pytest.raises(ExchangeError, match="not taken back"):
        await one.session.submit(wish("sell", reduces=position(one).id), within=1)
    assert len(one.venue.sent) == 2
    assert stops(one) == [(1, 90)]


async def test_a_stop_that_is_moved_is_moved_at_the_exchange(one):
    one.clock.at += 2_000
    moved = msgspec.structs.replace(position(one), stop_loss=Decimal(95), stops_by_hand=True)
    await one.session.move_stops(moved, "by hand", "test")
    await settled(one, [(Decimal(1), Decimal(95))])


async def test_the_kill_switch_leaves_it(one):
    await one.session.submit(wish(price=Decimal(95)), within=1)
    cancelled, unresolved = await one.session.kill("test", "test")
    assert (len(cancelled), unresolved) == (1, [])
    assert stops(one) == [(1, 90)]


async def test_a_person_does_not_cancel_it_by_its_order(one):
    orders = OrderService(one.session, history=None)
    (stop,) = one.session.state.orders.values()
    with pytest.raises(InvalidParameter, match="protects"):
        await orders.cancel_order(CancelRequest(order_id=stop.id), Caller("test", None))
    answer = await orders.cancel_all_orders(CancelAllRequest(exits=True), Caller("test", None))
    assert (answer.cancelled, answer.kept) == ([], [stop.id])
    assert stops(one) == [(1, 90)]


async def test_a_stop_the_exchange_lost_is_placed_again(one):
    await one.venue.cancel("AAA-USDT", one.venue.sent[1].client_id)
    await one.agree()
    one.clock.at += 1_000
    await settled(one, [(Decimal(1), Decimal(90))])


async def test_a_stop_of_unknown_outcome_is_not_doubled(rig):
    made = rig()
    made.terms = ExchangeTerms(holds_stops=True)
    session = await made.open()

    def silent_for_stops(order):
        if order.type == "stop":
            raise TimeoutError

    made.venue.answer = silent_for_stops
    await session.submit(wish(), within=1)
    await made.quiet()
    await made.until(lambda: all(o.status == "open" for o in session.state.orders.values()))
    assert stops(made) == [(1, 90)]
    assert len(made.venue.sent) == 2
