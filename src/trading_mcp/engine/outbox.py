"""One channel's outbox: what waits to be told, tried again ever more slowly."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from trading_mcp.domain.alerts import Channel, Delivery, NotDelivered
from trading_mcp.domain.limits import Alert
from trading_mcp.ports import AlertChannel, Clock

log = structlog.get_logger(__name__)
WAITS_MS = (5_000, 30_000, 120_000, 600_000, 1_800_000)
"""How long after each failed attempt the next one is made. After the last there is none."""
MOST = 1_000
"""Alerts that may wait in one outbox; of more, the oldest are given up."""
LONGEST_SEND_S = 60.0
"""A guard above the channel's own time limit."""
Told = Callable[[Delivery], None]
Sleep = Callable[[float], Awaitable[None]]


class Outbox:
    """Tells of alerts through one channel, one at a time. *told* hears what became of each."""

    def __init__(
        self, channel: Channel, carrier: AlertChannel, *, told: Told, clock: Clock, sleep: Sleep
    ):
        self.channel = channel
        self._carrier, self._told, self._clock, self._sleep = carrier, told, clock, sleep
        self._waiting: dict[str, tuple[Alert, Delivery]] = {}
        self._news = asyncio.Event()
        # In a context of its own: its log lines are not the request's that set the channel up.
        self._task = asyncio.create_task(self._run(), context=contextvars.Context())

    def add(self, alert: Alert, delivery: Delivery) -> None:
        """Let *alert* wait until its delivery is due."""
        self._waiting[alert.id] = (alert, delivery)
        while len(self._waiting) > MOST:
            _, oldest = self._waiting.pop(next(iter(self._waiting)))
            self._give_up(oldest, f"given up: more than {MOST} alerts waited")
        self._news.set()

    def replace(self, channel: Channel, carrier: AlertChannel) -> None:
        """Go on with another set-up; what waits is tried with it at once."""
        self.channel, self._carrier = channel, carrier
        now = self._clock.wall()
        for alert, delivery in tuple(self._waiting.values()):
            self.add(alert, msgspec.structs.replace(delivery, due_at=now))

    async def close(self) -> None:
        """Stop at once. What waits is known to whoever was told of it."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            self._news.clear()
            alert, delivery = min(self._waiting.values(), key=_due, default=(None, None))
            if alert is None or delivery is None:
                await self._news.wait()
            elif (wait := _due((alert, delivery)) - self._clock.wall()) > 0:
                # However the wall clock is set meanwhile, no wait is longer than the longest.
                await self._news_or(min(wait, WAITS_MS[-1]) / 1000)
            else:
                await self._attempt(alert, delivery)

    async def _news_or(self, seconds: float) -> None:
        waits = [
            asyncio.ensure_future(self._news.wait()),
            asyncio.ensure_future(self._sleep(seconds)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _attempt(self, alert: Alert, delivery: Delivery) -> None:
        error = await self._sent(alert, delivery)
        self._waiting.pop(alert.id, None)
        now, attempts = self._clock.wall(), delivery.attempts + 1
        if error is None:
            log.info("alert_delivered", alert_id=alert.id, channel=self.channel.id)
            delivery = msgspec.structs.replace(
                delivery, attempts=attempts, due_at=None, delivered_at=now, last_error=""
            )
            self._told(delivery)
        elif attempts > len(WAITS_MS):
            self._give_up(msgspec.structs.replace(delivery, attempts=attempts), error)
        else:
            due_at = now + WAITS_MS[attempts - 1]
            delivery = msgspec.structs.replace(
                delivery, attempts=attempts, due_at=due_at, last_error=error
            )
            self._said("alert_not_delivered", delivery)
            self._told(delivery)
            self.add(alert, delivery)

    async def _sent(self, alert: Alert, delivery: Delivery) -> str | None:
        """Make one attempt; return why it failed."""
        try:
            async with asyncio.timeout(LONGEST_SEND_S):
                await self._carrier.send(self.channel, alert, delivery.severity)
        except NotDelivered as failure:
            return failure.reason
        except Exception as error:  # whatever a library raised: its text may hold a secret
            return type(error).__name__
        return None

    def _give_up(self, delivery: Delivery, why: str) -> None:
        given_up = msgspec.structs.replace(delivery, due_at=None, last_error=why)
        self._said("alert_given_up", given_up)
        self._told(given_up)

    def _said(self, event: str, delivery: Delivery) -> None:
        log.warning(
            event,
            alert_id=delivery.alert_id,
            channel=delivery.channel,
            attempts=delivery.attempts,
            error=delivery.last_error,
        )


def _due(job: tuple[Alert, Delivery]) -> int:
    return job[1].due_at or 0
