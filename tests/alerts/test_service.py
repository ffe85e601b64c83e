"""Channels are set up, asked about and removed; alerts are looked up and acknowledged."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from trading_mcp.domain.alerts import TRIGGERS
from trading_mcp.domain.errors import NotFound, TradingError

RULES = [{"trigger": "daily_drawdown", "threshold": 5.0, "severity": "critical"}]
TELEGRAM = {"bot_token": "123456789:hidden-token", "chat_id": "-100200"}
EMAIL = {
    "smtp_host": "127.0.0.1",
    "username": "hidden-user",
    "password": "hidden-word",
    "from": "bot@trade.example",
    "to": "me@trade.example",
}
WEBHOOK = {"url": "http://127.0.0.1:9/hidden-path", "secret": "hidden-secret"}
ALERTS = "/api/v1/alerts"


def telegram(**changes: Any) -> dict[str, Any]:
    return {"type": "telegram", "config": TELEGRAM, "rules": RULES, **changes}


def ruled(**rule: Any) -> dict[str, Any]:
    return telegram(rules=[rule])


REFUSED = [
    (telegram(type="pigeon"), "INVALID_PARAMETER", "type"),
    (telegram(config={"bot_token": "x"}), "MISSING_PARAMETER", "config.chat_id"),
    (telegram(config={**TELEGRAM, "colour": "red"}), "INVALID_REQUEST", "config.colour"),
    (telegram(config={**TELEGRAM, "chat_id": 5}), "INVALID_PARAMETER", "config.chat_id"),
    (telegram(config={**TELEGRAM, "chat_id": "a b"}), "INVALID_PARAMETER", "config.chat_id"),
    (telegram(config={**TELEGRAM, "bot_token": "a\nb"}), "INVALID_PARAMETER", "config.bot_token"),
    (telegram(config={**TELEGRAM, "bot_token": "ab\n"}), "INVALID_PARAMETER", "config.bot_token"),
    (
        telegram(config={**TELEGRAM, "bot_token": "env:HOME"}),
        "INVALID_PARAMETER",
        "config.bot_token",
    ),
    (telegram(config={}), "MISSING_PARAMETER", "config.bot_token"),
    (telegram(config=[]), "INVALID_PARAMETER", "config"),
    (telegram(rules=[]), "INVALID_PARAMETER", "rules"),
    (telegram(rules=RULES * 2), "INVALID_PARAMETER", "rules[1]"),
    (telegram(name="Not A Name"), "INVALID_PARAMETER", "name"),
    (telegram(name="phone\n"), "INVALID_PARAMETER", "name"),
    (ruled(), "MISSING_PARAMETER", "rules[0].trigger"),
    (ruled(trigger="full_moon"), "INVALID_PARAMETER", "rules[0].trigger"),
    (ruled(trigger="exposure"), "MISSING_PARAMETER", "rules[0].threshold"),
    (ruled(trigger="kill_switch", threshold=1), "INVALID_PARAMETER", "rules[0].threshold"),
    (ruled(trigger="exposure", threshold=-1), "INVALID_PARAMETER", "rules[0].threshold"),
    (ruled(trigger="kill_switch", severity="fatal"), "INVALID_PARAMETER", "rules[0].severity"),
    (
        ruled(trigger="kill_switch", cooldown_minutes=-1),
        "INVALID_PARAMETER",
        "rules[0].cooldown_minutes",
    ),
    (ruled(trigger="kill_switch", mood="bad"), "INVALID_REQUEST", "rules[0].mood"),
    (telegram(type="email", config={**EMAIL, "to": []}), "INVALID_PARAMETER", "config.to"),
    (telegram(type="email", config={**EMAIL, "from": "x"}), "INVALID_PARAMETER", "config.from"),
    (
        telegram(type="email", config={**EMAIL, "to": "a@b.example\r\nBcc: c@d.example"}),
        "INVALID_PARAMETER",
        "config.to",
    ),
    (telegram(type="email", config={**EMAIL, "port": 70000}), "INVALID_PARAMETER", "config.port"),
    (
        telegram(type="email", config={k: v for k, v in EMAIL.items() if k != "password"}),
        "MISSING_PARAMETER",
        "config.password",
    ),
    (
        telegram(type="email", config={**EMAIL, "security": "none"}),
        "INVALID_PARAMETER",
        "config.security",
    ),
    (
        telegram(type="webhook", config={"url": "ftp://x.example/"}),
        "INVALID_PARAMETER",
        "config.url",
    ),
    (
        telegram(type="webhook", config={"url": "http://hidden:hidden@x.example/"}),
        "INVALID_PARAMETER",
        "config.url",
    ),
]


def holding_secrets(folder: Path) -> set[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in files if b"hidden-" in path.read_bytes()}


async def test_the_reference_s_own_requests_are_answered_as_it_says(desk: Any) -> None:
    asked = {
        "type": "telegram",
        "config": {"bot_token": "xxx", "chat_id": "xxx"},
        "rules": [{"trigger": "daily_drawdown", "threshold": 5.0, "severity": "critical"}],
    }
    configured = await desk.rest("POST", f"{ALERTS}/configure", asked)
    await desk.ask("activate_kill_switch", reason="a test")
    await desk.session.ledger.flushed()
    history = (await desk.rest("GET", f"{ALERTS}/history")).json()
    seen = await desk.rest("POST", f"{ALERTS}/{history['data'][0]['id']}/acknowledge")

    assert configured.status_code == 200
    assert configured.json()["success"] is True
    assert configured.json()["message"] == "Alerts configured successfully"
    assert configured.json()["warnings"] == [
        "config.bot_token does not look like Telegram's (123456789:ABC...)"
    ]
    assert (history["success"], history["count"]) == (True, 1)
    alert = history["data"][0]
    assert (alert["type"], alert["trigger"]) == ("kill_switch", "kill_switch")
    assert alert["message"] == "Kill switch activated: a test"
    assert (alert["severity"], alert["acknowledged"], alert["value"]) == ("critical", False, None)
    assert alert["timestamp"].endswith("Z")
    assert seen.json() == {"success": True, "message": "Alert acknowledged"}


async def test_a_wrong_configuration_is_refused_by_name_and_quotes_no_secret(desk: Any) -> None:
    answers = [await desk.rest("POST", f"{ALERTS}/configure", body) for body, _, _ in REFUSED]
    told = [answer.json() for answer in answers]

    assert {answer.status_code for answer in answers} == {400}
    assert [(one["code"], one["details"]["field"].removeprefix("$.")) for one in told] == [
        (code, field) for _, code, field in REFUSED
    ]
    assert [answer.text for answer in answers if "hidden" in answer.text] == []
    assert (await desk.rest("GET", f"{ALERTS}/channels")).json()["count"] == 0


@pytest.mark.slow
async def test_secrets_are_written_and_never_told(opened: Any, data_dir: Path, capfd: Any) -> None:
    answers = []
    async with opened() as desk:
        for kind, config in (("telegram", TELEGRAM), ("email", EMAIL), ("webhook", WEBHOOK)):
            body = {"type": kind, "config": config, "rules": [{"trigger": "kill_switch"}]}
            body["idempotency_key"] = f"key-{kind}"
            for _ in range(2):
                answers.append(await desk.rest("POST", f"{ALERTS}/configure", body))
        answers.append(await desk.rest("POST", f"{ALERTS}/test", {"channel": "webhook"}))
        await desk.ask("activate_kill_switch", reason="a test")
        answers.append(await desk.rest("GET", f"{ALERTS}/channels"))
        answers.append(await desk.rest("GET", f"{ALERTS}/history"))
        journaled = list(desk.session.state.answers)
    logged = "".join(capfd.readouterr())

    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert [answer.text for answer in answers if "hidden" in answer.text] == []
    assert "kill_switch" in logged
    assert "hidden" not in logged
    assert journaled == []  # with the key would come a digest of the secrets
    assert holding_secrets(data_dir) == {"alerts.sqlite"}
    assert (data_dir / "alerts.sqlite").stat().st_mode & 0o777 == 0o600


async def test_channels_are_listed_with_what_is_set_and_their_rules(desk: Any) -> None:
    await desk.ask("configure_alerts", **telegram(name="phone"))
    await desk.ask("configure_alerts", type="email", config=EMAIL, rules=RULES)

    listed = (await desk.rest("GET", f"{ALERTS}/channels")).json()

    rule = {**RULES[0], "cooldown_minutes": TRIGGERS["daily_drawdown"].cooldown_minutes}
    assert listed == {
        "success": True,
        "data": [
            {
                "id": "phone",
                "type": "telegram",
                "fields": ["bot_token", "chat_id"],
                "rules": [rule],
            },
            {
                "id": "email",
                "type": "email",
                "fields": ["smtp_host", "from", "to", "username", "password", "security"],
                "rules": [rule],
            },
        ],
        "count": 2,
    }


async def test_a_channel_of_the_same_name_is_replaced(desk: Any) -> None:
    first = await desk.ask("configure_alerts", **telegram())
    second = await desk.ask("configure_alerts", **telegram(rules=[{"trigger": "kill_switch"}]))

    [channel] = (await desk.ask("list_alert_channels")).channels
    assert (first.replaced, second.replaced) == (False, True)
    assert [rule.trigger for rule in channel.rules] == ["kill_switch"]


async def test_a_removed_channel_is_gone_with_its_secrets(opened: Any, data_dir: Path) -> None:
    async with opened() as desk:
        await desk.ask("configure_alerts", **telegram())
        removed = await desk.rest("DELETE", f"{ALERTS}/channels/telegram")
        again = await desk.rest("DELETE", f"{ALERTS}/channels/telegram")

    assert removed.json() == {"success": True, "message": "Alert channel removed"}
    assert (again.status_code, again.json()["code"]) == (404, "INVALID_REQUEST")
    assert holding_secrets(data_dir) == set()


async def test_channels_are_as_they_were_after_a_restart(opened: Any) -> None:
    async with opened() as desk:
        await desk.ask("configure_alerts", type="email", config=EMAIL, rules=RULES)
        before = await desk.ask("list_alert_channels")
    async with opened() as desk:
        assert await desk.ask("list_alert_channels") == before


async def test_a_test_message_tells_what_became_of_it(desk: Any, receiver: Any) -> None:
    config = {"url": receiver.url}
    await desk.ask("configure_alerts", type="webhook", config=config, rules=RULES)
    receiver.statuses = [200, 500]

    first = (await desk.rest("POST", f"{ALERTS}/test", {"channel": "webhook"})).json()
    second = (await desk.rest("POST", f"{ALERTS}/test", {"channel": "webhook"})).json()
    nobody = await desk.rest("POST", f"{ALERTS}/test", {"channel": "pigeon"})

    assert (await receiver.post()).json["id"] == "alert_test"
    assert (first["message"], first["data"]["delivered"]) == ("Test message delivered", True)
    assert second["data"] | {"took_ms": 0} == {
        "message": "Test message not delivered",
        "channel": "webhook",
        "delivered": False,
        "error": "HTTP 500",
        "took_ms": 0,
    }
    assert nobody.status_code == 404
    assert nobody.json()["details"]["configured"] == ["webhook"]
    assert await desk.raised() == []


async def test_history_is_paged_and_filtered(desk: Any) -> None:
    for number in range(5):
        made = desk.session.core.alert("order_error", "warning", f"number {number}")
        desk.session.ledger.write(made)
    first = (await desk.raised())[-1]
    await desk.ask("acknowledge_alert", alert_id=first.id)

    found, cursor = [], ""
    while cursor is not None:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        page = (await desk.rest("GET", f"{ALERTS}/history{query}")).json()
        assert page["count"] == len(page["data"]) <= 2
        found += [alert["message"] for alert in page["data"]]
        cursor = page["next_cursor"]
    seen = (await desk.rest("GET", f"{ALERTS}/history?acknowledged=true")).json()
    unseen = (await desk.rest("GET", f"{ALERTS}/history?acknowledged=false")).json()

    assert found == [f"number {number}" for number in (4, 3, 2, 1, 0)]
    assert [alert["id"] for alert in seen["data"]] == [first.id]
    assert unseen["count"] == 4
    assert (await desk.rest("GET", f"{ALERTS}/history?cursor=nonsense")).status_code == 400


async def test_history_and_what_was_seen_survive_a_restart(opened: Any) -> None:
    async with opened() as desk:
        await desk.ask("activate_kill_switch", reason="a test")
        [alert] = await desk.raised()
        await desk.ask("acknowledge_alert", alert_id=alert.id)
        [before] = await desk.raised()
    async with opened() as desk:
        assert await desk.raised() == [before]

    assert before.acknowledged


async def test_seen_is_seen_and_the_first_time_counts(desk: Any) -> None:
    await desk.ask("activate_kill_switch", reason="a test")
    [alert] = await desk.raised()

    await desk.ask("acknowledge_alert", alert_id=alert.id)
    [once] = await desk.raised()
    answer = await desk.rest("POST", f"{ALERTS}/{alert.id}/acknowledge")
    [twice] = await desk.raised()

    assert answer.status_code == 200
    assert (once.acknowledged, once.acknowledged_at) == (True, twice.acknowledged_at)


async def test_an_alert_that_there_is_not_is_not_found(desk: Any) -> None:
    answer = await desk.rest("POST", f"{ALERTS}/alert_123/acknowledge")

    assert answer.status_code == 404
    assert answer.json()["code"] == "INVALID_REQUEST"
    with pytest.raises(NotFound):
        await desk.ask("acknowledge_alert", alert_id="x")


async def test_only_so_many_channels_are_kept(desk: Any) -> None:
    for number in range(20):
        await desk.ask("configure_alerts", **telegram(name=f"phone-{number}"))

    with pytest.raises(TradingError, match="20 channels are configured"):
        await desk.ask("configure_alerts", **telegram(name="one-more"))
    assert (await desk.ask("configure_alerts", **telegram(name="phone-3"))).replaced


async def test_an_alert_on_its_way_out_is_what_the_websocket_tells_too(
    desk: Any, receiver: Any
) -> None:
    told: list[Any] = []
    desk.server.announcer.listen(lambda made: told.append(json.loads(made.payload)))
    config = {"url": receiver.url}
    rules = [{"trigger": "kill_switch"}]
    await desk.ask("configure_alerts", type="webhook", config=config, rules=rules)

    await desk.ask("activate_kill_switch", reason="a test")

    posted = (await receiver.post()).json
    [event] = [event["data"] for event in told if event["type"] == "alert"]
    [kept] = await desk.raised()
    for field in ("id", "severity", "message", "trigger", "value"):
        assert posted[field] == event[field] == getattr(kept, field)


async def test_a_receiver_that_hangs_holds_up_neither_the_stop_nor_the_next_start(
    opened: Any,
) -> None:
    calls: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await calls.put(writer)

    server = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    config = {"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"}
    rules = [{"trigger": "kill_switch"}]
    async with asyncio.timeout(60):
        async with opened("alerts.timeout_ms=60000") as desk:
            await desk.ask("configure_alerts", type="webhook", config=config, rules=rules)
            await desk.ask("activate_kill_switch", reason="a test")
            first = await calls.get()
        async with opened("alerts.timeout_ms=60000"):
            second = await calls.get()

    for writer in (first, second):
        writer.close()
    server.close()
