"""The kill switch outside of everything: asked before each order leaves, and every second."""

from decimal import Decimal

from trading_mcp.domain.orders import OrderIntent, Refused
from trading_mcp.services.operations import Caller
from trading_mcp.services.shapes.common import Mutation
from trading_mcp.services.switches import SwitchService


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


async def test_an_order_does_not_leave_after_the_wire_was_tripped(rig):
    one = rig()
    session = await one.open()
    one.tripwire.why = "the file KILL"
    order = await session.submit(wish(), within=1)
    assert (order.status, one.venue.sent) == ("abandoned", [])
    switch = session.state.kill_switch
    assert (switch.reason, switch.principal) == ("the file KILL", "tripwire")
    assert isinstance(await session.submit(wish(), within=1), Refused)


async def test_what_makes_a_position_smaller_leaves_all_the_same(rig):
    one = rig()
    session = await one.open()
    entry = await session.submit(wish(), within=1)
    await one.quiet()
    one.tripwire.why = "the file KILL"
    out = await session.submit(wish("sell", reduces=entry.position_id), within=1)
    assert out.status == "filled"
    assert session.state.positions == {}


async def test_nobody_has_to_order_anything_for_it_to_be_heard(rig):
    one = rig()
    session = await one.open()
    resting = await session.submit(wish(price=Decimal(99)), within=1)
    one.tripwire.why = "the file KILL"
    await one.until(lambda: resting.id not in session.state.orders)
    assert session.state.kill_switch is not None
    assert one.venue.cancelled == [resting.client_id]


async def test_it_kills_once_and_keeps_the_first_reason(rig):
    one = rig()
    session = await one.open()
    await session.kill("by hand", "somebody")
    one.tripwire.why = "the file KILL"
    session.flight.heed_tripwire()
    assert session.state.kill_switch.reason == "by hand"


async def test_a_restart_with_the_wire_tripped_sends_nothing(rig):
    one = rig()
    await one.open()
    await one.session.flight.close()
    one.tripwire.why = "the file KILL"
    again = await one.open()
    order = await again.submit(wish(), within=1)
    assert (order.status, one.venue.sent) == ("abandoned", [])


async def test_turning_the_kill_switch_off_sets_the_wire_up_again(rig):
    one = rig()
    session = await one.open()
    one.tripwire.why = "the file KILL"
    session.flight.heed_tripwire()
    await SwitchService(session).deactivate_kill_switch(Mutation(), Caller("test", None))
    assert (session.state.kill_switch, one.tripwire.why) == (None, None)
    assert (await session.submit(wish(), within=1)).status == "filled"
