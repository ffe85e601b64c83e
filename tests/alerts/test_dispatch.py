"""Alerts reach the people who asked for them: once at least, later if need be, over restarts."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from trading_mcp.domain.alerts import Channel
from trading_mcp.domain.entries import AlertRaised
from trading_mcp.domain.limits import Alert
from trading_mcp.engine import outbox
from trading_mcp.engine.outbox import WAITS_MS

MakeAlert = Callable[..., Alert]
MakeChannel = Callable[..., Channel]


async def kept(dispatcher: Any) -> dict[str, Any]:
    """Return what the file holds of each alert's deliveries, once all is written."""
    while dispatcher._writes:
        await asyncio.gather(*dispatcher._writes)
    return {
        one.alert.id: [(d.channel, d.status, d.attempts, d.last_error) for d in one.deliveries]
        for one in await dispatcher.store.alerts(limit=100)
    }


async def test_an_alert_is_told_through_the_channels_that_asked_for_it(
    bench: Any, alert: MakeAlert, channel: MakeChannel
) -> None:
    one = await bench.dispatcher()
    await one.configure(channel("order_error", id="a"))
    await one.configure(channel("order_error", "kill_switch", id="b"))
    await one.configure(channel("kill_switch", id="c"))

    one.hear(AlertRaised(at=1, alert=alert()))
    await bench.line.until(lambda: len(bench.line.told) == 2)

    assert sorted(name for name, *_ in bench.line.told) == ["a", "b"]
    assert await kept(one) == {"alert_001": [("a", "delivered", 1, ""), ("b", "delivered", 1, "")]}


async def test_what_is_told_is_not_logged_as_part_of_the_request_that_set_the_channel_up(
    bench: Any, alert: MakeAlert, channel: MakeChannel
) -> None:
    one, send, seen = await bench.dispatcher(), bench.line.send, []

    async def noting(*given: Any) -> None:
        seen.append(structlog.contextvars.get_contextvars())
        await send(*given)

    bench.line.send = noting
    with structlog.contextvars.bound_contextvars(request_id="the set-up's"):
        await one.configure(channel("order_error"))

    one.hear(AlertRaised(at=1, alert=alert()))
    await bench.line.until(lambda: bench.line.told)

    assert seen == [{}]


async def test_an_alert_that_nobody_asked_for_is_remembered_all_the_same(
    bench: Any, alert: MakeAlert
) -> None:
    one = await bench.dispatcher()

    one.take(alert())

    assert await kept(one) == {"alert_001": []}


@pytest.mark.parametrize(("value", "told"), [(4.9, 0), (5.0, 1), (None, 0)])
async def test_a_threshold_lets_through_what_comes_to_it(
    bench: Any, alert: MakeAlert, channel: MakeChannel, value: float | None, told: int
) -> None:
    one = await bench.dispatcher()
    await one.configure(channel({"trigger": "daily_drawdown", "threshold": 5.0}, "kill_switch"))

    one.take(alert(1, trigger="daily_drawdown", value=value))
    one.take(alert(2, trigger="kill_switch"))
    await bench.line.until(lambda: len(bench.line.told) == told + 1)

    assert [alert_id for _, alert_id, _ in bench.line.told][-1] == "alert_002"


async def test_a_message_is_as_grave_as_the_alert_or_its_rule(
    bench: Any, alert: MakeAlert, channel: MakeChannel
) -> None:
    one = await bench.dispatcher()
    await one.configure(channel({"trigger": "order_error", "severity": "critical"}, id="a"))
    await one.configure(channel({"trigger": "order_error", "severity": "info"}, id="b"))

    one.take(alert())
    await bench.line.until(lambda: len(bench.line.told) == 2)

    assert {name: severity for name, _, severity in bench.line.told} == {
        "a": "critical",
        "b": "warning",
    }


async def test_a_failure_is_tried_again_ever_more_slowly_and_then_given_up(
    bench: Any, alert: MakeAlert, channel: MakeChannel
) -> None:
    one = await bench.dispatcher()
    await one.configure(channel("order_error"))
    bench.line.script = [f"failure {number}" for number in range(1, 10)]

    one.take(alert())
    await bench.line.until(lambda: len(bench.line.tried) == len(WAITS_MS) + 1)

    assert bench.clock.waits == [wait / 1000 for wait in WAITS_MS]
    assert await kept(one) == {"alert_001": [("webhook", "failed", 6, "failure 6")]}
    assert await one.store.waiting() == []


async def test_a_channel_that_comes_back_is_told_what_it_missed(
    bench: Any, alert: MakeAlert, channel: MakeChannel
) -> None:
    one = await bench.dispatcher()
    await one.configure(channel("order_error"))
    bench.line.script = ["down", "down"]

    one.take(alert())
    await bench.line.until(lambda: bool(bench.line.told))

    assert await kept(one) == {"alert_001": [("webhook", "delivered", 3, "")]}


async def test_a_dead_channel_holds_up_no_other(
    bench: Any, alert: MakeAlert, channel: MakeChannel
) -> None:
    one = await bench.dispatcher()
    await one.configure(channel("order_error", id="a"))
    await one.configure(channel("order_error", id="b"))
    bench.line.script = ["hang"]

    one.take(alert())
    await bench.line.until(lambda: bool(bench.line.told))

    assert bench.line.tried == ["alert_001", "alert_001"]
    assert len(bench.line.told) == 1


async def test_one_alert_that_a_channel_refuses_holds_up_none_after_it(
    bench: Any, alert: MakeAlert, channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(seconds: float) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(bench.clock, "sleep", never)
    one = await bench.dispatcher()
    await one.configure(channel("order_error"))
    bench.line.script = ["refused", None]

    one.take(alert(1))
    await bench.line.until(lambda: bench.line.tried == ["alert_001"])
    one.take(alert(2))
    await bench.line.until(lambda: bool(bench.line.told))

    assert bench.line.told == [("webhook", "alert_002", "warning")]


async def test_what_was_not_told_is_told_after_a_restart(
    bench: Any, alert: MakeAlert, channel: MakeChannel
) -> None:
    before = await bench.dispatcher()
    await before.configure(channel("order_error"))
    bench.line.script = ["hang"]
    before.take(alert())
    await bench.line.until(lambda: bool(bench.line.tried))
    await bench.close(before)

    after = await bench.dispatcher()
    await bench.line.until(lambda: bool(bench.line.told))

    assert [c.id for c in after.channels] == ["webhook"]
    assert bench.line.told == [("webhook", "alert_001", "warning")]
    assert await kept(after) == {"alert_001": [("webhook", "delivered", 1, "")]}


async def test_an_alert_raised_just_before_a_crash_is_told_after_it(
    bench: Any, alert: MakeAlert, channel: MakeChannel
) -> None:
    before = await bench.dispatcher()
    await before.configure(channel("order_error"))
    before.take(alert(1))
    await bench.line.until(lambda: len(bench.line.told) == 1)
    await bench.close(before)

    # The journal has two, and of the second the dispatcher never heard.
    bench.clock.at += 15 * 60_000
    await bench.dispatcher(alert(1), alert(2))
    await bench.line.until(lambda: len(bench.line.told) == 2)

    assert [alert_id for _, alert_id, _ in bench.line.told] == ["alert_001", "alert_002"]


async def test_an_alert_that_is_heard_of_twice_is_told_once(
    bench: Any, alert: MakeAlert, channel: MakeChannel
) -> None:
    one = await bench.dispatcher()
    await one.configure(channel("order_error", "kill_switch"))

    one.take(alert(1))
    one.take(alert(1))
    one.take(alert(2, trigger="kill_switch"))
    await bench.line.until(lambda: len(bench.line.told) == 2)

    assert bench.line.tried == ["alert_001", "alert_002"]


async def test_a_rule_is_silent_about_the_same_thing_until_it_has_cooled_down(
    bench: Any, alert: MakeAlert, channel: MakeChannel
) -> None:
    one = await bench.dispatcher()
    rule = {"trigger": "order_error", "cooldown_minutes": 10}
    await one.configure(channel(rule))

    one.take(alert(1, subject="sim:BTC-USDT"))
    one.take(alert(2, subject="sim:ETH-USDT"))
    bench.clock.at += 10 * 60_000 - 1
    one.take(alert(3, subject="sim:BTC-USDT"))
    bench.clock.at += 1
    one.take(alert(4, subject="sim:BTC-USDT"))
    await bench.line.until(lambda: len(bench.line.told) == 3)

    assert sorted(bench.line.tried) == ["alert_001", "alert_002", "alert_004"]
    assert len(await kept(one)) == 4


async def test_a_cool_down_survives_a_restart(
    bench: Any, alert: MakeAlert, channel: MakeChannel
) -> None:
    rules = {"trigger": "order_error", "cooldown_minutes": 10}, "kill_switch"
    before = await bench.dispatcher()
    await before.configure(channel(*rules))
    before.take(alert(1))
    await bench.line.until(lambda: len(bench.line.told) == 1)
    await bench.close(before)

    after = await bench.dispatcher(alert(1))
    after.take(alert(2))
    after.take(alert(3, trigger="kill_switch"))
    await bench.line.until(lambda: len(bench.line.told) == 2)

    assert bench.line.tried == ["alert_001", "alert_003"]


async def test_a_clock_that_is_set_back_keeps_no_rule_silent(
    bench: Any, alert: MakeAlert, channel: MakeChannel
) -> None:
    one = await bench.dispatcher()
    await one.configure(channel({"trigger": "order_error", "cooldown_minutes": 10}))
    one.take(alert(1))

    bench.clock.at -= 3_600_000
    one.take(alert(2))
    await bench.line.until(lambda: len(bench.line.told) == 2)

    assert sorted(bench.line.tried) == ["alert_001", "alert_002"]


async def test_only_so_many_alerts_wait_for_a_channel(
    bench: Any, alert: MakeAlert, channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST", 3)
    one = await bench.dispatcher()
    await one.configure(channel("order_error"))
    bench.line.script = ["hang"]
    one.take(alert(1))
    await bench.line.until(lambda: bool(bench.line.tried))

    for number in range(2, 7):
        one.take(alert(number))
    told = await kept(one)

    waiting = [alert_id for alert_id, [(_, status, *_)] in told.items() if status == "waiting"]
    assert waiting == ["alert_006", "alert_005", "alert_004"]
    assert told["alert_003"] == [("webhook", "failed", 0, "given up: more than 3 alerts waited")]


async def test_a_channel_that_is_set_up_anew_is_told_what_waits_at_once(
    bench: Any, alert: MakeAlert, channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(seconds: float) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(bench.clock, "sleep", never)
    one = await bench.dispatcher()
    await one.configure(channel("order_error"))
    bench.line.script = ["wrong address", None]
    one.take(alert())
    await bench.line.until(lambda: len(bench.line.tried) == 1)

    await one.configure(channel("order_error", "kill_switch"))
    await bench.line.until(lambda: bool(bench.line.told))

    assert len(one.channels) == 1
    assert len(one.channels[0].rules) == 2


async def test_a_channel_that_is_removed_is_told_no_more(
    bench: Any, alert: MakeAlert, channel: MakeChannel
) -> None:
    one = await bench.dispatcher()
    await one.configure(channel("order_error"))
    bench.line.script = ["hang"]
    one.take(alert(1))
    await bench.line.until(lambda: bool(bench.line.tried))

    await one.remove("webhook")
    one.take(alert(2))
    await bench.close(one)
    after = await bench.dispatcher()

    assert after.channels == []
    assert await after.store.waiting() == []
    assert bench.line.tried == ["alert_001"]


async def test_a_store_that_fails_keeps_nobody_from_being_told(
    bench: Any, alert: MakeAlert, channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> None:
        raise OSError("disk full")

    one = await bench.dispatcher()
    await one.configure(channel("order_error"))
    for write in ("keep", "keep_delivery", "keep_mark"):
        monkeypatch.setattr(one.store, write, full)

    one.take(alert())
    await bench.line.until(lambda: bool(bench.line.told))

    assert bench.line.told == [("webhook", "alert_001", "warning")]


async def test_a_fault_of_the_channels_own_is_told_without_its_text(
    bench: Any, alert: MakeAlert, channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        bench.line.tried.append("")
        bench.line.changed.set()
        raise ValueError("the password is s3cret")

    monkeypatch.setattr(bench.line, "send", fail)
    one = await bench.dispatcher()
    await one.configure(channel("order_error"))

    one.take(alert())
    await bench.line.until(lambda: len(bench.line.tried) == 6)

    assert await kept(one) == {"alert_001": [("webhook", "failed", 6, "ValueError")]}
