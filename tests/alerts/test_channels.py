"""Each kind of channel tells of an alert, and of a failure says why without its secrets."""

import asyncio
import hashlib
import hmac
import sys
from collections.abc import Callable
from typing import Any

import pytest
from apprise.plugins.telegram import NotifyTelegram

from trading_mcp.adapters.messengers.channels import Messenger
from trading_mcp.domain.alerts import (
    Channel,
    EmailConfig,
    NotDelivered,
    TelegramConfig,
    WebhookConfig,
)
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.limits import Alert

Make = Callable[..., Messenger]
MakeAlert = Callable[..., Alert]
MakeChannel = Callable[..., Channel]
TOKEN = "123456789:AAsecretAAsecretAAsecretAAsecretAAs"


@pytest.fixture
def telegram(receiver: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Telegram's own server, on this machine."""
    monkeypatch.setattr(NotifyTelegram, "notify_url", f"http://127.0.0.1:{receiver.port}/bot")
    return receiver


def to_telegram(channel: MakeChannel, token: str = TOKEN) -> Channel:
    return channel("order_error", config=TelegramConfig(bot_token=token, chat_id="-100200"))


def to_mail(channel: MakeChannel, port: int, **also: Any) -> Channel:
    given = {"sender": "bot@trade.example", "to": "me@trade.example", "security": "none", **also}
    config = EmailConfig(smtp_host="127.0.0.1", port=port, **given)
    return channel("order_error", config=config)


async def test_a_webhook_is_posted_the_alert_as_the_history_has_it(
    receiver: Any, messenger: Make, channel: MakeChannel, alert: MakeAlert
) -> None:
    config = WebhookConfig(url=f"{receiver.url}?team=a")

    raised = alert(value=4.5, subject="sim:BTC-USDT")
    await messenger().send(channel("order_error", config=config), raised, "critical")

    post = await receiver.post()
    assert post.path == "/hook?team=a"
    assert post.headers["Content-Type"] == "application/json"
    assert post.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert post.json == {
        "id": "alert_001",
        "type": "order_error",
        "severity": "critical",
        "message": "An order failed",
        "trigger": "order_error",
        "value": 4.5,
        "subject": "sim:BTC-USDT",
        "timestamp": "2025-11-16T10:00:00.001Z",
        "acknowledged": False,
    }
    assert "X-Trading-MCP-Signature" not in post.headers


async def test_a_webhook_with_a_secret_is_signed(
    receiver: Any, messenger: Make, channel: MakeChannel, alert: MakeAlert, clock: Any
) -> None:
    config = WebhookConfig(url=receiver.url, secret="between-us")

    await messenger().send(channel("order_error", config=config), alert(), "warning")

    post = await receiver.post()
    signed = f"{clock.at}.".encode() + post.body
    wanted = hmac.new(b"between-us", signed, hashlib.sha256).hexdigest()
    assert post.headers["X-Trading-MCP-Timestamp"] == str(clock.at)
    assert post.headers["X-Trading-MCP-Signature"] == f"sha256={wanted}"
    assert b"between-us" not in post.body


async def test_a_name_is_called_at_the_address_that_was_checked(
    receiver: Any, messenger: Make, channel: MakeChannel, alert: MakeAlert
) -> None:
    made = messenger(names={"alerts.example": ["127.0.0.1"]})
    config = WebhookConfig(url=f"http://alerts.example:{receiver.port}/hook")

    await made.send(channel("order_error", config=config), alert(), "warning")

    assert (await receiver.post()).headers["Host"] == f"alerts.example:{receiver.port}"


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 429, 500, 503])
async def test_any_answer_but_success_is_a_failure(
    receiver: Any, messenger: Make, channel: MakeChannel, alert: MakeAlert, status: int
) -> None:
    receiver.statuses, receiver.headers = [status], {"location": f"{receiver.url}/elsewhere"}

    with pytest.raises(NotDelivered, match=f"HTTP {status}"):
        await messenger().send(
            channel("order_error", config=WebhookConfig(url=receiver.url)), alert(), "warning"
        )

    assert len(receiver.seen) == 1


async def test_nobody_there_is_a_failure_that_does_not_quote_the_address(
    receiver: Any, messenger: Make, channel: MakeChannel, alert: MakeAlert
) -> None:
    await asyncio.to_thread(receiver.close)
    config = WebhookConfig(url=f"{receiver.url}/secret-path")

    with pytest.raises(NotDelivered) as failure:
        await messenger().send(channel("order_error", config=config), alert(), "warning")

    assert failure.value.reason == "no answer: ConnectionRefusedError"


async def test_a_server_that_never_answers_is_given_up(
    messenger: Make, channel: MakeChannel, alert: MakeAlert
) -> None:
    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    config = WebhookConfig(url=f"http://127.0.0.1:{port}/")

    with pytest.raises(NotDelivered, match="no answer"):
        await messenger(timeout_ms=100).send(
            channel("order_error", config=config), alert(), "warning"
        )
    server.close()


async def test_telegram_is_sent_plain_text_to_the_chat(
    telegram: Any, messenger: Make, channel: MakeChannel, alert: MakeAlert
) -> None:
    raised = alert(message="BTC < 5 & <b>falling</b>")

    await messenger().send(to_telegram(channel), raised, "critical")

    post = await telegram.post()
    assert post.path == f"/bot{TOKEN}/sendMessage"
    assert post.json["chat_id"] == -100200
    assert "[critical] order_error" in post.json["text"]
    assert "BTC &lt; 5 &amp; &lt;b&gt;falling&lt;/b&gt;" in post.json["text"]
    assert "2025-11-16T10:00:00.001Z" in post.json["text"]


async def test_telegrams_refusal_is_told_without_the_token(
    telegram: Any, messenger: Make, channel: MakeChannel, alert: MakeAlert
) -> None:
    telegram.statuses = [401]

    with pytest.raises(NotDelivered, match="error=401") as failure:
        await messenger().send(to_telegram(channel), alert(), "warning")

    assert "secret" not in failure.value.reason


async def test_what_is_no_token_is_said_without_quoting_it(
    messenger: Make, channel: MakeChannel, alert: MakeAlert
) -> None:
    with pytest.raises(NotDelivered, match="bot_token is not") as failure:
        await messenger().send(to_telegram(channel, "mistyped-secret"), alert(), "warning")

    assert "mistyped" not in failure.value.reason


async def test_an_email_arrives_with_everybody_it_is_for(
    mailbox: Any, messenger: Make, channel: MakeChannel, alert: MakeAlert
) -> None:
    to = ["me@trade.example", "you@trade.example"]

    await messenger().send(to_mail(channel, mailbox.port, to=to), alert(), "critical")

    text = mailbox.mails[0].content.decode()
    assert [mail.rcpt_tos for mail in mailbox.mails] == [[one] for one in to]
    assert mailbox.mails[0].mail_from == "bot@trade.example"
    assert "Subject: [critical] order_error" in text
    assert "An order failed" in text


async def test_a_mail_server_that_is_gone_is_a_failure(
    receiver: Any, messenger: Make, channel: MakeChannel, alert: MakeAlert
) -> None:
    await asyncio.to_thread(receiver.close)

    with pytest.raises(NotDelivered, match="Connection error"):
        await messenger().send(to_mail(channel, receiver.port), alert(), "warning")


async def test_a_mail_server_without_tls_is_not_told_the_password(
    mailbox: Any, messenger: Make, channel: MakeChannel, alert: MakeAlert
) -> None:
    secretive = to_mail(
        channel, mailbox.port, security="starttls", username="bot", password="s3cret-word"
    )

    with pytest.raises(NotDelivered) as failure:
        await messenger().send(secretive, alert(), "warning")

    assert mailbox.mails == []
    assert "s3cret-word" not in failure.value.reason


async def test_a_secret_may_stand_in_the_environment(
    telegram: Any,
    messenger: Make,
    channel: MakeChannel,
    alert: MakeAlert,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, named = messenger(), to_telegram(channel, "env:TRADING_MCP_ALERT_TOKEN")
    with pytest.raises(InvalidParameter, match="TRADING_MCP_ALERT_TOKEN is not set"):
        await made.check(named)

    monkeypatch.setenv("TRADING_MCP_ALERT_TOKEN", TOKEN)
    await made.check(named)
    await made.send(named, alert(), "warning")

    assert (await telegram.post()).path == f"/bot{TOKEN}/sendMessage"


PROGRAM = """
import asyncio, logging, sys
from apprise.plugins.telegram import NotifyTelegram
from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.adapters.messengers.channels import Messenger
from trading_mcp.api.logging import configure_logging
from trading_mcp.domain.alerts import *
from trading_mcp.domain.limits import Alert

http, smtp = sys.argv[1:]
configure_logging("json", "debug")
NotifyTelegram.notify_url = f"http://127.0.0.1:{http}/bot"
raised = Alert(id="a", trigger="order_error", severity="info", message="m", at=0)
configs = [
    TelegramConfig(bot_token="1:hidden-1", chat_id="5"),
    TelegramConfig(bot_token="1:hidden-1", chat_id="5"),
    TelegramConfig(bot_token="hidden-2", chat_id="5"),
    WebhookConfig(url=f"http://127.0.0.1:{http}/hidden-3", secret="hidden-4"),
    EmailConfig(smtp_host="127.0.0.1", port=int(smtp), sender="a@b.example", to="c@d.example",
                username="me", password="hidden-5"),
]

async def main():
    made = Messenger(allow_private=True, timeout_ms=5000, clock=SystemClock())
    for config in configs:
        try:
            await made.send(Channel(id="c", config=config, rules=()), raised, "info")
        except NotDelivered as failure:
            logging.getLogger("test").warning(failure.reason)

asyncio.run(main())
"""


async def test_no_secret_is_logged_even_if_everything_is(receiver: Any, mailbox: Any) -> None:
    receiver.statuses = [200, 401, 200]

    done = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        str(receiver.port),
        str(mailbox.port),
        stderr=asyncio.subprocess.PIPE,
    )
    _, logged = await done.communicate()

    assert done.returncode == 0, logged.decode()
    assert len(receiver.seen) == 3
    assert b"error=401" in logged
    assert b"bot_token is not" in logged
    assert b"Connection error" in logged
    assert b"hidden-" not in logged


async def test_a_channel_does_not_show_its_secrets(channel: MakeChannel) -> None:
    shown = [
        repr(to_telegram(channel)),
        str(channel("kill_switch", config=WebhookConfig(url="https://x.example/AAsecret"))),
        f"{to_mail(channel, 25, password='AAsecret', username='b')}",
    ]

    assert [text for text in shown if "AAsecret" in text] == []
