"""The channels as the dispatcher uses them: checked when set up, done within a bounded time."""

import asyncio
from collections.abc import Callable
from typing import Any, assert_never

from trading_mcp.adapters.messengers import through_apprise, webhook
from trading_mcp.adapters.messengers.secrets import revealed
from trading_mcp.adapters.messengers.targets import ForbiddenTarget, Resolve, Targets, resolve
from trading_mcp.adapters.messengers.threads import Threads
from trading_mcp.domain.alerts import (
    AnyConfig,
    Channel,
    EmailConfig,
    NotDelivered,
    TelegramConfig,
    WebhookConfig,
)
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.limits import Alert, Severity
from trading_mcp.domain.times import iso
from trading_mcp.ports import Clock

PATIENCE = 3
"""How many time limits a whole attempt may take: one each to connect, to ask, to be answered."""


class Messenger:
    """Tells of alerts by Telegram, by e-mail, and by requests to somebody's server."""

    def __init__(
        self,
        *,
        allow_private: bool,
        timeout_ms: int,
        clock: Clock,
        resolve: Resolve = resolve,
    ):
        self._targets = Targets(allow_private=allow_private, resolve=resolve)
        self._timeout, self._clock, self._threads = timeout_ms / 1000, clock, Threads()

    async def check(self, channel: Channel) -> None:
        """Raise InvalidParameter if *channel*'s target may not be reached."""
        try:
            await self._bounded(
                f"check {channel.id}", lambda: _check(channel.config, self._targets)
            )
        except NotDelivered as failure:
            raise InvalidParameter(f"config: {failure.reason}", field="config") from None

    async def send(self, channel: Channel, alert: Alert, severity: Severity) -> None:
        """Tell of *alert* through *channel*. Raises NotDelivered."""
        if self._threads.is_busy(channel.id):
            raise NotDelivered("the attempt before still hangs")
        await self._bounded(channel.id, lambda: self._tell(channel.config, alert, severity))

    async def _bounded(self, name: str, call: Callable[[], None]) -> None:
        try:
            async with asyncio.timeout(PATIENCE * self._timeout):
                await self._threads.run(name, call)
        except (NotDelivered, InvalidParameter):
            raise
        except TimeoutError:
            raise NotDelivered("no answer in time") from None
        except Exception as error:  # whatever a library raised: its text may hold a secret
            raise NotDelivered(type(error).__name__) from None

    def _tell(self, config: AnyConfig, alert: Alert, severity: Severity) -> None:
        title = f"[{severity}] {alert.trigger}"
        text = f"{alert.message}\n{iso(alert.at)} ({alert.id})"
        match config:
            case TelegramConfig():
                through_apprise.telegram(config, title, text, timeout=self._timeout)
            case EmailConfig():
                through_apprise.email(
                    config, title, text, targets=self._targets, timeout=self._timeout
                )
            case WebhookConfig():
                webhook.post(
                    config,
                    _message(alert, severity),
                    targets=self._targets,
                    timeout=self._timeout,
                    at=self._clock.wall(),
                )
            case _:
                assert_never(config)


def _check(config: AnyConfig, targets: Targets) -> None:
    try:
        match config:
            case TelegramConfig():
                revealed(config.bot_token)
            case EmailConfig():
                revealed(config.password)
                targets.addresses(config.smtp_host, config.port or 25)
            case WebhookConfig():
                revealed(config.secret)
                webhook.addresses_of(webhook.parsed(revealed(config.url)), targets)
            case _:
                assert_never(config)
    except (ValueError, ForbiddenTarget) as error:
        field = "smtp_host" if isinstance(config, EmailConfig) else "url"
        raise InvalidParameter(f"config.{field}: {error}", field=f"config.{field}") from None


def _message(alert: Alert, severity: Severity) -> dict[str, Any]:
    """Return the alert as `GET /api/v1/alerts/history` has it."""
    return {
        "id": alert.id,
        "type": alert.trigger,
        "severity": severity,
        "message": alert.message,
        "trigger": alert.trigger,
        "value": alert.value,
        "subject": alert.subject,
        "timestamp": iso(alert.at),
        "acknowledged": False,
    }
