"""Alerts: the channels that they leave by, their history."""

from typing import Annotated

import msgspec
from litestar.params import Body, PathParameter, QueryParameter

from trading_mcp.api.rest.answers import Changed, Listing, Said
from trading_mcp.api.rest.routing import Call, command, parameter, question
from trading_mcp.services.shapes.alerts import (
    AcknowledgeRequest,
    AlertHistoryRequest,
    AlertView,
    ChannelView,
    ConfigureAlerts,
    OfChannel,
    TestAnswer,
)
from trading_mcp.services.shapes.common import Mutation

SECTION = "Alerts"
ChannelId = Annotated[str, parameter(PathParameter, OfChannel, "channel")]
AlertId = Annotated[str, parameter(PathParameter, AcknowledgeRequest, "alert_id")]
Limit = Annotated[int, parameter(QueryParameter, AlertHistoryRequest, "limit")]
Cursor = Annotated[str | None, parameter(QueryParameter, AlertHistoryRequest, "cursor")]
Acknowledged = Annotated[
    bool | None, QueryParameter(name="acknowledged", description="Only those seen, or not seen")
]


class Configured(msgspec.Struct, frozen=True, kw_only=True):
    """What was configured. *warnings* say what is accepted and will hardly work."""

    success: bool = True
    message: str
    channel: str
    replaced: bool
    warnings: list[str]


class AlertListing(Listing[AlertView], frozen=True, kw_only=True):
    """Alerts, the newest first. *next_cursor* asks for older ones."""

    next_cursor: str | None


@command("POST", "/api/v1/alerts/configure", "configure_alerts", SECTION)
async def configure(request: Call, data: Annotated[ConfigureAlerts, Body()]) -> Configured:
    """Set up a channel: Telegram, e-mail or webhook. What is in `config` is never shown again."""
    return Configured(**msgspec.structs.asdict(await request.pass_on(data)))


@question("/api/v1/alerts/channels", "list_alert_channels", SECTION)
async def channels(request: Call) -> Listing[ChannelView]:
    """Get the channels with their rules, without their secrets."""
    found = await request.ask()
    return Listing(data=found.channels, count=found.count)


@command("DELETE", "/api/v1/alerts/channels/{channel:str}", "remove_alert_channel", SECTION)
async def remove(
    request: Call, channel: ChannelId, data: Annotated[Mutation | None, Body()] = None
) -> Said:
    """Forget a channel and its secrets."""
    key = data.idempotency_key if data else None
    return Said(message=(await request.ask(channel=channel, idempotency_key=key)).message)


@command("POST", "/api/v1/alerts/test", "test_alert_channel", SECTION)
async def test(request: Call, data: Annotated[OfChannel, Body()]) -> Changed[TestAnswer]:
    """Send a test message through a channel, and tell what became of it."""
    answer = await request.pass_on(data)
    return Changed(message=answer.message, data=answer)


@question("/api/v1/alerts/history", "get_alert_history", SECTION)
async def history(
    request: Call,
    limit: Limit = 100,
    cursor: Cursor = None,
    acknowledged: Acknowledged = None,
) -> AlertListing:
    """Get the alerts that were raised, and whom they have reached."""
    found = await request.ask(limit=limit, cursor=cursor, acknowledged=acknowledged)
    return AlertListing(data=found.alerts, count=found.count, next_cursor=found.next_cursor)


@command("POST", "/api/v1/alerts/{alert_id:str}/acknowledge", "acknowledge_alert", SECTION)
async def acknowledge(
    request: Call, alert_id: AlertId, data: Annotated[Mutation | None, Body()] = None
) -> Said:
    """Note that somebody has seen an alert."""
    key = data.idempotency_key if data else None
    return Said(message=(await request.ask(alert_id=alert_id, idempotency_key=key)).message)


ROUTES = [configure, channels, remove, test, history, acknowledge]
