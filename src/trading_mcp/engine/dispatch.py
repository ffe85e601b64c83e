"""From alerts that were raised to the people who want to hear of them."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

import structlog

from trading_mcp.domain.alerts import (
    AlertRule,
    Channel,
    ChannelType,
    Delivery,
    NotDelivered,
    gravest,
)
from trading_mcp.domain.entries import AlertRaised
from trading_mcp.domain.limits import Alert
from trading_mcp.domain.times import MINUTE_MS
from trading_mcp.engine.outbox import Outbox, Sleep
from trading_mcp.ports import AlertChannel, AlertStore, Clock

log = structlog.get_logger(__name__)
REMEMBERED = 2_000
"""Alerts that are known by their id, so that none is taken in twice."""
CLOSING_S = 5.0
"""How long the last writes may take when the server stops."""


class Dispatcher:
    """Remembers every alert, and tells of it through the channels whose rules it meets.

    Nothing here is waited for by the engine. What is told is told at least once: an alert is
    taken up again after a restart unless it is known to have arrived.
    """

    def __init__(
        self,
        carriers: Mapping[ChannelType, AlertChannel],
        store: AlertStore,
        clock: Clock,
        *,
        sleep: Sleep = asyncio.sleep,
    ):
        self._carriers, self.store, self._clock, self._sleep = carriers, store, clock, sleep
        self._outboxes: dict[str, Outbox] = {}
        self._known: dict[str, None] = {}
        self._marks: dict[str, int] = {}
        self._writes: set[asyncio.Task[None]] = set()

    @property
    def channels(self) -> list[Channel]:
        """The configured channels."""
        return [outbox.channel for outbox in self._outboxes.values()]

    async def open(self, raised: Iterable[Alert]) -> None:
        """Go on where the last run ended. *raised*: the journal's newest alerts, oldest first.

        Raises StorageUnavailable.
        """
        self._marks = dict(await self.store.marks())
        kept = await self.store.alerts(limit=REMEMBERED)
        self._known = dict.fromkeys(one.alert.id for one in reversed(kept))
        for channel in await self.store.channels():
            self._set_up(channel)
        for alert, delivery in await self.store.waiting():
            if delivery.channel in self._outboxes:
                self._outboxes[delivery.channel].add(alert, delivery)
        for alert in raised:
            self.take(alert)  # its own writer may have died before this one heard of it

    def hear(self, fact: object) -> None:
        """Take in an alert that is on disk. A listener of the hub."""
        if isinstance(fact, AlertRaised):
            self.take(fact.alert)

    def take(self, alert: Alert) -> None:
        """Remember *alert* and tell of it, unless it is known already."""
        if alert.id in self._known:
            return
        self._known[alert.id] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        now = self._clock.wall()
        deliveries = [
            Delivery(
                alert_id=alert.id,
                channel=channel.id,
                severity=gravest(alert.severity, *(rule.severity for rule in rules)),
                due_at=now,
            )
            for channel in self.channels
            if (rules := self._rules(channel, alert, now))
        ]
        self._soon(self.store.keep(alert, deliveries))
        for delivery in deliveries:
            self._outboxes[delivery.channel].add(alert, delivery)

    async def check(self, channel: Channel) -> None:
        """Raise InvalidParameter if *channel* can't be used."""
        await self._carriers[channel.type].check(channel)

    async def configure(self, channel: Channel) -> None:
        """Use *channel*, in place of the one of that id. Raises StorageUnavailable."""
        await self.store.keep_channel(channel)
        self._set_up(channel)

    async def remove(self, channel_id: str) -> None:
        """Forget a channel and what waits for it. Raises StorageUnavailable."""
        outbox = self._outboxes.pop(channel_id, None)
        if outbox is not None:
            await outbox.close()
        await self.store.drop_channel(channel_id)

    async def test(self, channel: Channel, alert: Alert) -> str | None:
        """Tell of *alert* now, once; return why that failed."""
        try:
            await self._carriers[channel.type].send(channel, alert, alert.severity)
        except NotDelivered as failure:
            return failure.reason
        return None

    def mark(self, name: str) -> int:
        """Return a time (wall, UTC ms) that `note` kept; 0 without one."""
        return self._marks.get(name, 0)

    def note(self, name: str, at: int) -> None:
        """Keep a time under a name, over restarts."""
        if self.mark(name) != at:
            self._marks[name] = at
            self._soon(self.store.keep_mark(name, at))

    async def close(self) -> None:
        """Stop telling, without waiting for anybody outside."""
        for outbox in self._outboxes.values():
            await outbox.close()
        if self._writes:
            await asyncio.wait(tuple(self._writes), timeout=CLOSING_S)
        await self.store.close()

    def _set_up(self, channel: Channel) -> None:
        carrier = self._carriers[channel.type]
        if channel.id in self._outboxes:
            self._outboxes[channel.id].replace(channel, carrier)
        else:
            self._outboxes[channel.id] = Outbox(
                channel, carrier, told=self._keep, clock=self._clock, sleep=self._sleep
            )

    def _rules(self, channel: Channel, alert: Alert, now: int) -> list[AlertRule]:
        """Return the rules that *alert* meets and that do not have to be silent; now they do."""
        met = [
            (rule, f"told {channel.id} {rule.key} {alert.subject}")
            for rule in channel.rules
            if rule.concerns(alert)
        ]
        free = [
            (rule, name)
            for rule, name in met
            # A wall clock that was set back must not keep a rule silent.
            if not 0 <= now - self.mark(name) < rule.cooldown_minutes * MINUTE_MS
        ]
        for _, name in free:
            self.note(name, now)
        return [rule for rule, _ in free]

    def _keep(self, delivery: Delivery) -> None:
        self._soon(self.store.keep_delivery(delivery))

    def _soon(self, write: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(write)
        self._writes.add(task)
        task.add_done_callback(self._written)

    def _written(self, task: "asyncio.Task[None]") -> None:
        self._writes.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # It holds in memory, and is told all the same: only a restart would forget it.
            log.error("alerts_not_written", error=str(error))
