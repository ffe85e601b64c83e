"""An exchange whose clock is not ours: nothing is opened there until they agree."""

from decimal import Decimal

import pytest

from trading_mcp.domain.orders import Order, OrderIntent, Refused
from trading_mcp.domain.quotes import ExchangeInfo
from trading_mcp.engine.punctuality import Punctuality


def entry(session) -> OrderIntent:
    return OrderIntent(
        market=next(iter(session.core.markets)),
        side="buy",
        type="market",
        amount=Decimal("0.1"),
        owner="manual",
        principal="test",
        reason="manual",
    )


@pytest.mark.parametrize("ahead_ms", [3_001, -600_000])
async def test_nothing_is_opened_where_the_clock_is_seconds_off(rig, ahead_ms):
    one = rig()
    session = await one.open()
    watch = Punctuality(session, session.exchanges["sim"])

    watch.judge(ahead_ms)
    refused = await session.submit(entry(session), within=1)
    watch.judge(900)
    passed = await session.submit(entry(session), within=1)

    assert isinstance(refused, Refused)
    assert refused.objection.rule == "exchange_is_in_doubt"
    assert "clock" in refused.objection.reason
    assert isinstance(passed, Order)


async def test_the_time_it_takes_to_ask_is_no_difference(rig):
    one = rig()
    session = await one.open()

    async def slowly() -> ExchangeInfo:
        told = ExchangeInfo(status="ok", at=one.clock.at, offers=(), intervals=())
        one.clock.at += 8_000
        return told

    one.data.info = slowly
    assert await Punctuality(session, session.exchanges["sim"])._skew_ms() == 0
