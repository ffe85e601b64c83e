"""No answer is not "no": what nobody knows of is settled by evidence, after the fence alone."""

import asyncio
from decimal import Decimal

import msgspec
import pytest

from trading_mcp.domain.orders import Order, OrderIntent
from trading_mcp.engine import flight

FENCE_MS = 5_000


class Seconds:
    """Our monotonic clock, moved by hand, and how often the exchange was asked since."""

    def __init__(self, one):
        self.one, self.now, self.asked = one, 0.0, 0
        one.clock.monotonic = lambda: self.now
        self._order = one.venue.order
        one.venue.order = self._asked

    async def _asked(self, symbol, client_id):
        self.asked += 1
        return await self._order(symbol, client_id)

    async def move(self, to: float) -> None:
        """Let it be *to*, and the exchange be asked several times then."""
        self.now, before = to, self.asked
        await self.one.until(lambda: self.asked >= before + 4 or not self.one.session.state.orders)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(flight, "ASK_EVERY_S", 0.001)


def buy(**fields) -> OrderIntent:
    return OrderIntent(
        **{
            "market": "sim:AAA-USDT",
            "side": "buy",
            "type": "limit",
            "price": Decimal(100),
            "amount": Decimal(1),
            "owner": "manual",
            "principal": "test",
            "reason": "manual",
            **fields,
        }
    )


async def lost(one) -> tuple[Order, Seconds]:
    """Send an order that never reaches the exchange, and that nobody answers."""
    one.fence_ms = FENCE_MS
    session = await one.open()
    one.venue.accepts, one.venue.answer = False, one.venue.fall_silent
    order = await session.submit(buy(), within=1)
    assert order.status == "unknown"
    return order, Seconds(one)


def status(one, order: Order) -> str:
    return one.session.state.order(order.id).status


@pytest.mark.usefixtures("quick")
async def test_not_found_before_the_fence_never_ends_an_order(rig):
    one = rig()
    order, seconds = await lost(one)
    for at in (1.0, 2.5, 4.0, 4.99):
        await seconds.move(at)
    assert status(one, order) == "unknown"
    assert one.session.core.standings.exposure() == 100


@pytest.mark.usefixtures("quick")
async def test_after_the_fence_two_looks_that_lie_apart_end_it(rig):
    one = rig()
    order, seconds = await lost(one)
    for at in (4.99, 5.0, 6.99):
        await seconds.move(at)
        assert status(one, order) == "unknown"
    await seconds.move(7.0)
    assert status(one, order) == "rejected"
    assert "twice" in one.session.state.ended[order.id].evidence
    assert len(one.venue.sent) == 1


@pytest.mark.usefixtures("quick")
async def test_an_exchange_that_fails_between_two_looks_has_said_nothing(rig):
    one = rig()
    order, seconds = await lost(one)
    await seconds.move(5.0)
    listed = one.venue.open_orders

    async def silent():
        raise TimeoutError

    one.venue.open_orders = silent
    await seconds.move(6.0)
    one.venue.open_orders = listed
    await seconds.move(7.5)
    assert status(one, order) == "unknown"
    await seconds.move(9.5)
    assert status(one, order) == "rejected"


@pytest.mark.usefixtures("quick")
async def test_what_the_exchange_took_late_is_found_before_the_fence(rig):
    one = rig()
    order, seconds = await lost(one)
    await seconds.move(4.9)
    one.venue._take(one.venue.sent[0])
    await one.until(lambda: status(one, order) == "open")
    assert one.session.state.kill_switch is None


@pytest.mark.usefixtures("quick")
async def test_an_order_that_is_listed_is_not_absent(rig):
    one = rig()
    order, seconds = await lost(one)
    one.venue._take(one.venue.sent[0])
    report = one.venue.orders.pop(order.client_id)

    async def listed():
        return [report]

    one.venue.open_orders = listed
    for at in (6.0, 9.0, 12.0):
        await seconds.move(at)
    assert status(one, order) == "unknown"


@pytest.mark.usefixtures("quick")
async def test_an_order_that_has_traded_is_not_absent(rig):
    one = rig()
    order, seconds = await lost(one)
    seconds.now = 6.0
    part = msgspec.structs.replace(one.venue._fill(one.venue.sent[0]), amount=Decimal("0.3"))
    one.venue.traded[order.client_id] = [part]
    await one.until(lambda: status(one, order) == "partial")
    assert one.session.core.standings.exposure() == 100


@pytest.mark.parametrize(
    "error",
    [TimeoutError(), ValueError("<html>"), KeyError("id"), OSError(), RuntimeError("400100")],
    ids=repr,
)
async def test_only_a_refusal_for_certain_is_one(rig, error):
    one = rig()
    session = await one.open()

    def fails(order):
        raise error

    one.venue.accepts, one.venue.answer = False, fails
    order = await session.submit(buy(), within=1)
    assert order.status == "unknown"
    assert session.core.standings.exposure() == 100


async def test_an_exchange_that_says_nothing_is_not_waited_for_for_ever(rig):
    one = rig()
    one.settings = msgspec.structs.replace(one.settings, order_timeout_ms=20)
    session = await one.open()

    async def forever(order):
        await asyncio.Event().wait()

    one.venue.submit = forever
    order = await session.submit(buy(), within=5)
    assert (order.status, order.evidence) == ("unknown", "no answer in time")


@pytest.mark.usefixtures("quick")
async def test_an_order_taken_for_dead_that_the_exchange_lists_lives_again_and_kills(rig):
    one = rig()
    order, seconds = await lost(one)
    await seconds.move(5.0)
    await seconds.move(7.5)
    assert status(one, order) == "rejected"
    one.venue._take(one.venue.sent[0])
    await one.agree()
    assert status(one, order) == "open"
    assert "taken for dead" in one.session.state.kill_switch.reason


@pytest.mark.usefixtures("quick")
async def test_an_order_taken_for_dead_that_traded_is_booked_and_kills(rig):
    one = rig()
    order, seconds = await lost(one)
    await seconds.move(5.0)
    await seconds.move(7.5)
    one.venue._take(one.venue.sent[0])
    one.venue.trade(order.client_id, "100", "buy", order.amount)
    await one.agree()
    assert status(one, order) == "filled"
    assert one.session.state.positions[order.position_id].size == 1
    assert one.session.state.kill_switch is not None


@pytest.mark.usefixtures("quick")
async def test_an_order_that_the_exchange_has_forgotten_does_not_work_for_ever(rig):
    one = rig()
    one.fence_ms = FENCE_MS
    session = await one.open()
    order = await session.submit(buy(price=Decimal(90)), within=1)
    seconds = Seconds(one)
    one.venue.orders.clear()
    await one.agree()
    assert status(one, order) == "unknown"
    assert session.core.standings.exposure() == 90
    for at in (5.0, 7.5):
        await seconds.move(at)
    assert order.id not in session.state.orders
    assert session.core.standings.exposure() == 0
