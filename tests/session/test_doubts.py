"""While an exchange can't be relied on nothing is opened there; everything else goes on."""

import asyncio
from decimal import Decimal

import pytest
import structlog

from trading_mcp.domain.errors import ExchangeError, KillSwitchActive
from trading_mcp.domain.orders import OrderIntent
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


async def silent(*asked):
    raise TimeoutError("no answer")


@pytest.mark.parametrize("question", ["balances", "holdings"])
async def test_nothing_is_opened_before_the_exchange_has_said_what_it_holds(rig, question):
    one = rig()
    answers = getattr(one.venue, question)
    setattr(one.venue, question, silent)
    session = await one.open()
    refused = await session.submit(wish(), within=1)
    assert refused.objection.rule == "exchange_is_in_doubt"
    setattr(one.venue, question, answers)
    await one.agree()
    assert (await session.submit(wish(), within=1)).status == "filled"


@pytest.mark.parametrize(
    "question", ["open_orders", "fills_since", "account_reports", "balances", "holdings"]
)
async def test_an_exchange_that_answers_half_is_in_doubt(rig, question):
    one = rig()
    session = await one.open()
    answers = getattr(one.venue, question)
    setattr(one.venue, question, silent)
    await one.agree()
    refused = await session.submit(wish(), within=1)
    assert refused.objection.rule == "exchange_is_in_doubt"
    setattr(one.venue, question, answers)
    await one.agree()
    assert (await session.submit(wish(), within=1)).status == "filled"


async def test_in_doubt_a_position_may_still_be_left(rig):
    one = rig()
    session = await one.open()
    entry = await session.submit(wish(), within=1)
    await one.quiet()
    one.venue.balances = silent
    await one.agree()
    out = await session.submit(wish("sell", reduces=entry.position_id), within=1)
    assert out.status == "filled"


async def test_after_a_restart_an_exchange_is_in_doubt_until_it_has_answered(rig):
    one = rig()
    session = await one.open()
    await session.flight.close()
    one.venue.open_orders = silent
    again = await one.open()
    refused = await again.submit(wish(), within=1)
    assert refused.objection.rule == "exchange_is_in_doubt"


async def test_what_did_answer_is_taken_in_though_the_rest_did_not(rig):
    one = rig()
    session = await one.open()
    order = await session.submit(wish(price=Decimal(99)), within=1)
    one.venue.trade(order.client_id, "99", "buy", order.amount)
    one.venue.balances = silent
    await one.agree()
    assert session.state.positions[order.position_id].size == 1


async def test_the_kill_switch_stays_on_while_an_exchange_is_in_doubt(rig):
    one = rig()
    session = await one.open()
    await session.kill("test", "test")
    one.venue.balances = silent
    await one.agree()
    with pytest.raises(KillSwitchActive, match="has not said"):
        await SwitchService(session).deactivate_kill_switch(Mutation(), Caller("test", None))
    assert session.state.kill_switch is not None


@pytest.mark.parametrize("ahead_ms", [3_001, -3_001])
async def test_an_exchange_whose_clock_is_far_off_is_in_doubt(rig, ahead_ms):
    one = rig()
    one.data.ahead_ms = ahead_ms
    session = await one.open()
    await one.quiet()
    refused = await session.submit(wish(), within=1)
    assert refused.objection.rule == "exchange_is_in_doubt"
    assert "clock" in refused.objection.reason


async def test_a_clock_that_is_a_little_off_is_no_doubt(rig):
    one = rig()
    one.data.ahead_ms = 3_000
    session = await one.open()
    await one.quiet()
    assert (await session.submit(wish(), within=1)).status == "filled"


async def test_nothing_is_opened_while_the_first_answer_is_waited_for(rig):
    one = rig()
    answered, listed = asyncio.Event(), one.venue.open_orders

    async def slowly():
        await answered.wait()
        return await listed()

    one.venue.open_orders = slowly
    await one.open(wait=False)
    one.session.ledger.write(one.session.core.on_price(one.data.move("AAA-USDT", 100.0)))
    refused = await one.session.submit(wish(), within=1)
    assert refused.objection.rule == "exchange_is_in_doubt"
    answered.set()


async def test_the_kill_switch_stays_on_while_an_outcome_is_unknown(rig):
    one = rig()
    session = await one.open()
    one.venue.answer = one.venue.fall_silent
    await session.submit(wish(price=Decimal(99)), within=1)
    session.ledger.write(session.core.kill("test", "test", one.clock.now()))
    with pytest.raises(KillSwitchActive, match="outcome of orders"):
        await SwitchService(session).deactivate_kill_switch(Mutation(), Caller("test", None))


async def test_an_exchange_that_does_not_answer_is_one_line_in_the_log_each_time(rig):
    one = rig()
    await one.open()
    one.venue.balances = silent
    with structlog.testing.capture_logs() as logs:
        await one.agree()
    assert logs == [
        {
            "event": "not_agreed",
            "log_level": "warning",
            "exchange": "sim",
            "error": "TimeoutError: no answer",
            "exc_info": False,
        }
    ]


@pytest.mark.parametrize(
    ("error", "is_fault"),
    [
        (ConnectionError("the line\nis cut"), False),
        (ExchangeError("the line is cut"), False),
        (KeyError("the line is cut"), True),
    ],
)
@pytest.mark.parametrize("stream", ["market", "account"])
async def test_a_stream_that_breaks_is_one_line_in_the_log_and_a_fault_has_its_trace(
    rig, stream, error, is_fault
):
    one = rig()

    async def broken(*asked):
        raise error
        yield

    if stream == "market":
        one.data.events = broken
    else:
        one.venue.reports = broken
    with structlog.testing.capture_logs() as logs:
        await one.open()
        await one.until(lambda: any(f"{stream}_stream_failed" in line["event"] for line in logs))
    (line,) = [line for line in logs if line["event"] == f"{stream}_stream_failed"]
    said = f"{type(error).__name__}: " + ("'the line is cut'" if is_fault else "the line is cut")
    assert (line["log_level"], line["exchange"], line["error"]) == ("error", "sim", said)
    assert line["exc_info"] is is_fault
