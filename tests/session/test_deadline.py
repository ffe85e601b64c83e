"""The exchange's own switch: renewed in time, and nothing is opened while it can't be."""

from decimal import Decimal

from trading_mcp.domain.orders import OrderIntent

SECONDS = 0.04


def wish(**fields) -> OrderIntent:
    return OrderIntent(
        **{
            "market": "sim:AAA-USDT",
            "side": "buy",
            "type": "limit",
            "price": Decimal(90),
            "amount": Decimal(1),
            "owner": "manual",
            "principal": "test",
            "reason": "manual",
            **fields,
        }
    )


def held(rig):
    one = rig()
    one.deadline_s, one.venue.switch = SECONDS, lambda: None
    return one


def fails() -> None:
    raise TimeoutError("no answer")


def alerts(session) -> list[str]:
    return [a.severity for a in session.state.alerts.values() if a.trigger == "deadline"]


async def test_it_is_renewed_again_and_again(rig):
    one = held(rig)
    await one.open()
    await one.until(lambda: len(one.venue.deadlines) >= 5)
    assert set(one.venue.deadlines) == {SECONDS}


async def test_where_there_is_none_that_is_no_doubt(rig):
    one = rig()
    one.deadline_s = SECONDS
    session = await one.open()
    await one.quiet()
    assert (await session.submit(wish(), within=1)).status == "open"
    assert one.venue.deadlines == []


async def test_while_it_cannot_be_renewed_nothing_is_opened(rig):
    one = held(rig)
    session = await one.open()
    one.venue.switch = fails
    await one.until(lambda: bool(session.core.standings.doubts["sim"]))
    refused = await session.submit(wish(), within=1)
    assert refused.objection.rule == "exchange_is_in_doubt"
    one.venue.switch = lambda: None
    await one.until(lambda: not session.core.standings.doubts["sim"])
    assert (await session.submit(wish(), within=1)).status == "open"


async def test_people_are_told_once_when_something_rests_there(rig):
    one = held(rig)
    session = await one.open()
    await session.submit(wish(), within=1)
    renewed = len(one.venue.deadlines)
    await one.until(lambda: len(one.venue.deadlines) > renewed + 1)
    tried = 0

    def failing() -> None:
        nonlocal tried
        tried += 1
        fails()

    one.venue.switch = failing
    await one.until(lambda: tried >= 4)
    assert alerts(session) == ["critical"]


async def test_nobody_is_woken_when_nothing_rests_there(rig):
    one = held(rig)
    session = await one.open()
    await one.until(lambda: bool(one.venue.deadlines))
    one.venue.switch = fails
    await one.until(lambda: bool(session.core.standings.doubts["sim"]))
    assert alerts(session) == []
