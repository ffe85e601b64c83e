"""What the engine does not raise itself is raised when it comes about, once."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import trading_mcp
from trading_mcp.domain.alerts import TRIGGERS
from trading_mcp.domain.errors import OrderFailed
from trading_mcp.engine import availability
from trading_mcp.engine.session import Session

HOOK = {"url": "http://127.0.0.1:9/"}


async def configure(desk: Any, *rules: dict[str, Any], url: str = HOOK["url"], name: str = "a"):
    given = [{"cooldown_minutes": 0, **rule} for rule in rules]
    await desk.ask("configure_alerts", type="webhook", config={"url": url}, rules=given, name=name)


async def lose(desk: Any) -> None:
    """Lose what it costs to buy and sell."""
    for side in ("buy", "sell"):
        await desk.ask("submit_market_order", pair="ETH-USDT", side=side, amount=0.1)


def facts(alerts: list[Any]) -> list[tuple[str, str]]:
    return [(alert.trigger, alert.severity) for alert in reversed(alerts)]


async def test_a_rule_s_threshold_raises_an_alert_when_it_is_crossed(
    desk: Any, receiver: Any
) -> None:
    thresholds = {
        "daily_drawdown": 0.0001,
        "weekly_drawdown": 0.0001,
        "monthly_drawdown": 0.0001,
        "daily_loss": 0.01,
        "consecutive_losses": 1,
    }
    rules = [
        {"trigger": trigger, "threshold": threshold, "severity": "critical"}
        for trigger, threshold in thresholds.items()
    ]
    await configure(desk, *rules, url=receiver.url)
    desk.look()
    assert await desk.raised() == []

    await lose(desk)
    desk.look()
    desk.look()

    raised = await desk.raised()
    assert facts(raised) == [(trigger, "critical") for trigger in thresholds]
    for alert in raised:
        assert alert.value >= thresholds[alert.trigger]
        assert f"(threshold {thresholds[alert.trigger]:g})" in alert.message
    told = [(await receiver.post()).json["id"] for _ in raised]
    assert sorted(told) == sorted(alert.id for alert in raised)


async def test_the_exposure_is_measured_by_its_limit(desk: Any) -> None:
    await configure(desk, {"trigger": "exposure", "threshold": 10})
    desk.look()
    price = (await desk.ask("get_ticker", pair="ETH-USDT")).last

    await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=round(250 / price, 4))
    desk.look()

    [raised] = await desk.raised()
    assert raised.value == pytest.approx(25, rel=0.05)


async def test_a_crossing_is_told_again_only_after_it_has_been_undone(desk: Any) -> None:
    await configure(desk, {"trigger": "exposure", "threshold": 1})
    counts = []
    for side in ("buy", "sell", "buy"):
        await desk.ask("submit_market_order", pair="ETH-USDT", side=side, amount=0.1)
        desk.look()
        desk.look()
        counts.append(len(await desk.raised()))

    assert counts == [1, 1, 2]


async def test_a_rule_that_is_cooling_down_is_not_raised_again(desk: Any) -> None:
    await configure(desk, {"trigger": "exposure", "threshold": 1, "cooldown_minutes": 60})
    for side in ("buy", "sell", "buy"):
        await desk.ask("submit_market_order", pair="ETH-USDT", side=side, amount=0.1)
        desk.look()

    assert len(await desk.raised()) == 1


async def test_several_thresholds_crossed_at_once_are_one_alert_of_the_gravest(
    desk: Any, receiver: Any
) -> None:
    await configure(
        desk,
        {"trigger": "exposure", "threshold": 1, "severity": "info"},
        {"trigger": "exposure", "threshold": 2, "severity": "critical"},
        {"trigger": "exposure", "threshold": 99, "severity": "warning"},
    )
    await configure(desk, {"trigger": "exposure", "threshold": 1}, url=receiver.url, name="b")

    await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
    desk.look()

    [raised] = await desk.raised()
    assert raised.severity == "critical"
    assert sorted(delivery.channel for delivery in raised.deliveries) == ["a", "b"]
    assert (await receiver.post()).json["severity"] == "critical"


async def test_what_the_engine_has_raised_itself_is_not_raised_again(opened: Any) -> None:
    async with opened("risk.max_daily_loss_usd=0.01") as desk:
        await configure(desk, {"trigger": "daily_loss", "threshold": 0.01})
        desk.look()

        await lose(desk)
        desk.session.ledger.write(desk.session.core.on_time(desk.session.clock.now()))
        desk.look()

        assert facts(await desk.raised()) == [("daily_loss", "critical")]


async def test_a_crossing_is_remembered_over_a_restart(opened: Any) -> None:
    async with opened() as desk:
        await configure(desk, {"trigger": "consecutive_losses", "threshold": 1})
        await lose(desk)
        desk.look()
        before = await desk.raised()

    async with opened() as desk:
        desk.look()
        after = await desk.raised()

    assert len(before) == 1
    assert [alert.id for alert in after] == [alert.id for alert in before]


async def test_data_that_stays_away_is_told_for_each_market_once(desk: Any) -> None:
    markets = {"sim:BTC-USDT", "sim:ETH-USDT"}
    desk.session.unfollowed |= markets
    desk.look()
    desk.look()
    desk.session.unfollowed -= markets
    desk.look()
    desk.session.unfollowed |= markets  # a market that comes and goes is no news each time
    desk.look()

    raised = await desk.raised()
    assert {alert.subject for alert in raised} == markets
    assert facts(raised) == [("stale_data", "warning")] * 2


async def test_an_exchange_that_stops_answering_is_told_once_and_so_is_its_return(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = desk.session.core
    core.doubt("sim", "asked", "did not answer")
    desk.look()  # a moment is no news

    monkeypatch.setattr(availability, "GRACE_MS", 0)
    desk.look()
    desk.look()
    core.trust("sim", "asked")
    desk.look()
    desk.look()

    raised = sorted((a.severity, a.subject, a.message) for a in await desk.raised())
    assert raised == [
        ("critical", "sim", "sim did not answer: nothing is opened there until that is over"),
        ("info", "sim", "sim answers again: positions may be opened there"),
    ]


async def test_a_journal_that_fails_is_told_of_though_it_cannot_be_journaled(
    desk: Any, receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await configure(desk, {"trigger": "journal_unhealthy"}, url=receiver.url)
    written = []
    monkeypatch.setattr(Session, "healthy", property(lambda session: False))
    monkeypatch.setattr(desk.session.ledger, "write", written.append)

    desk.look()
    desk.look()

    told = (await receiver.post()).json
    assert (told["trigger"], told["severity"]) == ("journal_unhealthy", "critical")
    monkeypatch.undo()
    desk.session.ledger.write(written[0])
    assert [alert.id for alert in await desk.raised()] == [told["id"]]
    assert len(written) == 1


@pytest.mark.parametrize(
    ("fault", "trigger"),
    [("reject", "order_error"), ("timeout_before_accept", "order_unknown")],
)
async def test_a_refused_order_is_other_news_than_one_that_nobody_knows_of(
    opened: Any, fault: str, trigger: str
) -> None:
    settings = f"exchanges.sim.faults.{fault}=1", "scalping.order_timeout_ms=50"
    async with opened(*settings) as desk:
        with suppress(OrderFailed):
            await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
        raised = await desk.raised()

    assert (raised[-1].trigger, raised[-1].subject) == (trigger, "sim:ETH-USDT")


def test_every_alert_of_the_engine_is_a_known_trigger() -> None:
    root = Path(trading_mcp.__file__).parent
    found = set()
    for folder in ("engine", "risk"):
        for path in (root / folder).glob("*.py"):
            text = path.read_text()
            found |= set(re.findall(r'(?:alert|_raise)\(\s*"(\w+)"', text))
            found |= set(re.findall(r'trigger=f?"(\w+)"', text))

    assert len(found) > 8
    assert found <= TRIGGERS.keys()
