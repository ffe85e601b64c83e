"""Orders that nobody knows of are asked about one after the other.

All at once they would use up what may be asked of the exchange, and none would get its answers.
"""

import asyncio
from decimal import Decimal

import pytest

from trading_mcp.domain.orders import OrderIntent
from trading_mcp.engine import flight


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(flight, "ASK_EVERY_S", 0.001)
    monkeypatch.setattr(flight, "APART_S", 0.0)


class Crowd:
    """Counts how many questions the exchange is asked at once; none is answered at once."""

    def __init__(self, venue):
        self.now = self.most = 0
        self._order, venue.order = venue.order, self._asked

    async def _asked(self, symbol, client_id):
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.001)
        self.now -= 1
        return await self._order(symbol, client_id)


@pytest.mark.parametrize("cancelling", [False, True])
async def test_many_orders_are_asked_about_in_turn(rig, quick, cancelling: bool):
    one = rig()
    session = await one.open()
    one.venue.accepts, one.venue.answer = False, one.venue.fall_silent
    crowd = Crowd(one.venue)

    orders = [await session.submit(limit(n), within=1) for n in range(6)]
    if cancelling:
        for order in orders:
            session.ledger.write(session.core.request_cancel(order.id, one.clock.at))
    await one.until(lambda: not session.state.orders)

    assert {session.state.order(order.id).status for order in orders} == {"rejected"}
    assert crowd.most == 1


async def test_a_cancel_of_an_order_that_nobody_knows_is_sent_when_it_is_found(rig, quick):
    one = rig()
    one.fence_ms = 60_000
    session = await one.open()
    one.venue.accepts, one.venue.answer = False, one.venue.fall_silent
    order = await session.submit(limit(1), within=1)
    session.ledger.write(session.core.request_cancel(order.id, one.clock.at))

    one.venue._take(one.venue.sent[0])  # it was under way all the time
    await one.until(lambda: not session.state.orders)

    assert session.state.order(order.id).status == "cancelled"
    assert one.venue.cancelled == [order.client_id]


def limit(n: int) -> OrderIntent:
    return OrderIntent(
        market="sim:AAA-USDT",
        side="buy",
        type="limit",
        price=Decimal(90 + n),
        amount=Decimal("0.1"),
        owner="manual",
        principal="test",
        reason="manual",
    )
