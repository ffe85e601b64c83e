"""Stop orders, cancels of many and closes, over hand-played ports."""

import asyncio
import time
from decimal import Decimal

import msgspec

from trading_mcp.domain.orders import Fill, OrderIntent
from trading_mcp.engine.desk import Wished


def wish(side: str = "buy", **fields) -> OrderIntent:
    kind = "stop" if "stop_price" in fields else "limit" if "price" in fields else "market"
    return OrderIntent(
        **{
            "market": "sim:AAA-USDT",
            "side": side,
            "type": kind,
            "amount": Decimal(1),
            "owner": "manual",
            "principal": "test",
            "reason": "manual",
            **fields,
        }
    )


def traded(one, order, price: str) -> None:
    """The exchange fills an order, and nobody hears of it."""
    fill = Fill(
        exchange="sim",
        symbol=order.symbol,
        trade_id=f"t-{order.id}",
        client_id=order.client_id,
        side=order.side,
        amount=order.amount,
        price=Decimal(price),
        fee=Decimal(0),
        fee_currency="USDT",
        at=one.clock.at,
    )
    one.venue.traded[order.client_id] = [fill]
    one.venue.orders[order.client_id] = msgspec.structs.replace(
        one.venue.orders[order.client_id], status="filled", filled=order.amount
    )


async def test_a_stop_of_unknown_outcome_keeps_its_reservation_until_it_is_found(rig):
    one = rig()
    session = await one.open()
    one.venue.answer = one.venue.fall_silent
    order = await session.submit(wish(stop_price=Decimal(110)), within=1)
    assert order.status == "unknown"
    assert session.core.standings.exposure() == 110
    while session.state.orders[order.id].status == "unknown":
        await session.flight.changed(order.id, within=5)
    assert session.state.orders[order.id].status == "open"
    assert [sent.stop_price for sent in one.venue.sent] == [Decimal(110)]


async def test_a_stop_that_traded_while_the_server_was_down_is_booked_at_the_start(rig):
    one = rig()
    session = await one.open()
    order = await session.submit(wish(stop_price=Decimal(110)), within=1)
    await session.flight.close()
    traded(one, order, "111")
    again = await one.open()
    assert again.state.ended[order.id].status == "filled"
    (position,) = again.state.positions.values()
    assert (position.id, position.entry_price) == (order.position_id, 111)
    assert len(one.venue.sent) == 1


async def test_of_many_cancels_those_without_an_answer_are_told_and_sent_again(rig):
    one = rig()
    session = await one.open()
    orders = [await session.submit(wish(price=Decimal(99 - n)), within=1) for n in range(3)]
    cancel, silent = one.venue.cancel, orders[1].client_id

    async def cancelling(symbol, client_id):
        if client_id == silent:
            raise TimeoutError
        await cancel(symbol, client_id)

    async def asked(symbol, client_id):
        if client_id == silent:
            raise TimeoutError
        return one.venue.orders[client_id]

    one.venue.cancel, answered = cancelling, one.venue.order
    one.venue.order = asked
    left = await session.cancel_orders(orders)
    assert list(left) == [orders[1].id]
    assert "did not say" in left[orders[1].id]
    one.venue.cancel, one.venue.order = cancel, answered
    session.flight.cancel_again(orders[1].id)
    while orders[1].id in session.state.orders:
        assert await session.flight.changed(orders[1].id, within=5)
    assert session.state.ended[orders[1].id].status == "cancelled"


async def test_an_order_that_filled_first_may_trade_no_more(rig):
    one = rig()
    session = await one.open()
    order = await session.submit(wish(price=Decimal(99)), within=1)
    traded(one, order, "99")
    assert await session.cancel_orders([order]) == {}
    assert session.state.ended[order.id].status == "filled"


async def test_a_close_waits_for_what_makes_room_and_then_for_the_exit(rig):
    one = rig()
    session = await one.open()
    await session.submit(wish(), within=1)
    await one.quiet()
    (position,) = session.state.positions.values()
    resting = wish("sell", price=Decimal(120), reduces=position.id)
    target = await session.submit(resting, within=1)
    await session.close_position(position.id, Wished("test", "test:k#1"), within=5)
    assert session.state.ended[target.id].status == "cancelled"
    assert session.state.positions == {}
    assert [order.type for order in one.venue.sent] == ["market", "limit", "market"]


async def test_a_close_answers_in_time_though_the_exchange_does_not(rig):
    one = rig()
    session = await one.open()
    await session.submit(wish(), within=1)
    await one.quiet()
    (position,) = session.state.positions.values()
    one.clock.monotonic = time.monotonic
    forever = asyncio.Event()

    async def submit(order):
        one.venue.sent.append(order)
        await forever.wait()

    one.venue.submit = submit
    await session.close_position(position.id, Wished("test"), within=0.05)
    assert session.state.positions[position.id].leaving == "manual"
    await session.close_position(position.id, Wished("test"), within=0.05)
    assert len(one.venue.sent) == 2


async def test_an_order_that_is_cancelled_before_it_is_sent_never_is(rig):
    one = rig()
    session = await one.open()
    order, made = session.core.submit(wish(), one.clock.now())
    session.ledger.write(made)
    session.ledger.write(session.core.request_cancel(order.id, one.clock.now()))
    await one.quiet()
    assert one.venue.sent == []
    ended = session.state.ended[order.id]
    assert (ended.status, ended.evidence) == ("cancelled", "cancelled before it was sent")
