"""Alerts: who is told of what, what was raised, and who has seen it."""

import msgspec

from trading_mcp.domain.alerts import Channel, Delivery, KeptAlert
from trading_mcp.domain.errors import InvalidParameter, NotFound
from trading_mcp.domain.limits import Alert
from trading_mcp.domain.times import iso
from trading_mcp.engine.dispatch import Dispatcher
from trading_mcp.ports import Clock
from trading_mcp.services.alert_setup import config_from, doubts_about, rules_from
from trading_mcp.services.cursors import cursor, place
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.alerts import (
    AcknowledgeRequest,
    AlertHistoryRequest,
    Alerts,
    AlertView,
    Channels,
    ChannelView,
    ConfigureAlerts,
    ConfiguredAnswer,
    DeliveryView,
    OfChannel,
    RuleView,
    TestAnswer,
)
from trading_mcp.services.shapes.common import Done, Nothing

_WHY = "the reference names no tool for it"
MOST_CHANNELS = 20


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of alerts ends: the time (UTC ms) and the id of its last."""

    at: int
    id: str


class AlertService:
    """What may be asked about alerts."""

    def __init__(self, dispatcher: Dispatcher, clock: Clock):
        self._dispatcher, self._clock = dispatcher, clock

    @operation("risk", "admin", idempotent=True, rest_only=_WHY)
    async def configure_alerts(self, request: ConfigureAlerts, caller: Caller) -> ConfiguredAnswer:
        """Set up a channel that alerts leave by, in place of the one of that name."""
        config = config_from(request.type, request.config)
        channel = Channel(
            id=request.name or request.type, config=config, rules=rules_from(request.rules)
        )
        known = {one.id for one in self._dispatcher.channels}
        if channel.id not in known and len(known) >= MOST_CHANNELS:
            raise InvalidParameter(
                f"{MOST_CHANNELS} channels are configured, and more are not possible",
                hint="Remove one with DELETE /api/v1/alerts/channels/{id}.",
                field="name",
            )
        await self._dispatcher.check(channel)
        await self._dispatcher.configure(channel)
        return ConfiguredAnswer(
            message="Alerts configured successfully",
            channel=channel.id,
            replaced=channel.id in known,
            warnings=doubts_about(config),
        )

    @operation("risk", rest_only=_WHY)
    async def list_alert_channels(self, request: Nothing, caller: Caller) -> Channels:
        """List the channels with their rules and without their secrets."""
        channels = [_channel_view(channel) for channel in self._dispatcher.channels]
        return Channels(channels=channels, count=len(channels))

    @operation("risk", "admin", destructive=True, idempotent=True, rest_only=_WHY)
    async def remove_alert_channel(self, request: OfChannel, caller: Caller) -> Done:
        """Forget a channel, its secrets, and what waits for it."""
        self._channel(request.channel)
        await self._dispatcher.remove(request.channel)
        return Done(message="Alert channel removed")

    @operation("risk", "admin", rest_only=_WHY)
    async def test_alert_channel(self, request: OfChannel, caller: Caller) -> TestAnswer:
        """Send a test message through a channel now, and tell what became of it."""
        channel, began = self._channel(request.channel), self._clock.monotonic()
        alert = Alert(
            id="alert_test",
            trigger="test",
            severity="info",
            message="This is a test of your alerts: nothing has happened",
            at=self._clock.wall(),
        )
        error = await self._dispatcher.test(channel, alert)
        return TestAnswer(
            message="Test message delivered" if error is None else "Test message not delivered",
            channel=channel.id,
            delivered=error is None,
            error=error or "",
            took_ms=(self._clock.monotonic() - began) * 1000,
        )

    @operation("risk", rest_only=_WHY)
    async def get_alert_history(self, request: AlertHistoryRequest, caller: Caller) -> Alerts:
        """List the alerts that were raised, the newest first, and whom they have reached."""
        after = place(request.cursor, Place)
        kept = await self._dispatcher.store.alerts(
            limit=request.limit + 1,
            before=(after.at, after.id) if after else None,
            acknowledged=request.acknowledged,
        )
        page = kept[: request.limit]
        last = page[-1].alert if len(kept) > request.limit else None
        return Alerts(
            alerts=[_alert_view(one) for one in page],
            count=len(page),
            next_cursor=cursor(Place(last.at, last.id)) if last else None,
        )

    @operation("risk", "control", idempotent=True, rest_only=_WHY)
    async def acknowledge_alert(self, request: AcknowledgeRequest, caller: Caller) -> Done:
        """Note that somebody has seen an alert."""
        store, now = self._dispatcher.store, self._clock.wall()
        if not await store.acknowledge(request.alert_id, now):
            raise NotFound(f"No alert has the id {request.alert_id!r}", alert_id=request.alert_id)
        return Done(message="Alert acknowledged")

    def _channel(self, channel_id: str) -> Channel:
        for channel in self._dispatcher.channels:
            if channel.id == channel_id:
                return channel
        configured = sorted(channel.id for channel in self._dispatcher.channels)
        raise NotFound(
            f"No alert channel has the id {channel_id!r}; configured: "
            f"{', '.join(configured) or 'none'}",
            channel=channel_id,
            configured=configured,
        )


def _channel_view(channel: Channel) -> ChannelView:
    rules = [msgspec.convert(msgspec.to_builtins(rule), RuleView) for rule in channel.rules]
    return ChannelView(id=channel.id, type=channel.type, fields=channel.config.given, rules=rules)


def _alert_view(kept: KeptAlert) -> AlertView:
    alert, seen_at = kept.alert, kept.acknowledged_at
    return AlertView(
        id=alert.id,
        type=alert.trigger,
        severity=alert.severity,
        message=alert.message,
        trigger=alert.trigger,
        value=alert.value,
        subject=alert.subject,
        timestamp=iso(alert.at),
        acknowledged=seen_at is not None,
        acknowledged_at=iso(seen_at) if seen_at is not None else None,
        deliveries=[_delivery_view(delivery) for delivery in kept.deliveries],
    )


def _delivery_view(delivery: Delivery) -> DeliveryView:
    at, due_at = delivery.delivered_at, delivery.due_at
    return DeliveryView(
        channel=delivery.channel,
        status=delivery.status,
        attempts=delivery.attempts,
        last_error=delivery.last_error,
        delivered_at=iso(at) if at is not None else None,
        next_attempt_at=iso(due_at) if due_at is not None else None,
    )
