"""Alerts: channels, their rules, what was raised and told."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from trading_mcp.domain.alerts import ChannelType
from trading_mcp.domain.limits import Severity
from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import Id, Mutation

ChannelId = Annotated[
    str,
    Meta(
        # `$` alone would let a line end follow, and `\Z` is not JSON schema's.
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$(?!\n)",
        description="A channel's id: the name that it was given, or else its type",
    ),
]


class RuleSpec(Request, frozen=True, kw_only=True):
    """What a channel is told of: see docs/operations.md for the triggers and their units.

    *threshold* is in the trigger's unit. *cooldown_minutes*: for how long it says no more of the
    same thing; left out, as the trigger has it.
    """

    trigger: Annotated[str, Meta(min_length=1, max_length=40)]
    threshold: Annotated[float, Meta(ge=0, le=1e12)] | None = None
    severity: Severity = "warning"
    cooldown_minutes: Annotated[float, Meta(ge=0, le=100_000)] | None = None


class ConfigureAlerts(Mutation, frozen=True, kw_only=True):
    """A channel as it is to be from now on. *config* depends on the type, and is write-only."""

    type: ChannelType
    config: dict[str, Any]
    rules: Annotated[list[RuleSpec], Meta(min_length=1, max_length=50)]
    name: ChannelId | None = None

    def __repr__(self) -> str:
        return f"ConfigureAlerts(type={self.type!r}, config=..., rules={self.rules!r})"


class ConfiguredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was configured. *warnings* say what is accepted and will hardly work."""

    message: str
    channel: str
    replaced: bool
    warnings: list[str]


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it works."""

    trigger: str
    threshold: float | None
    severity: Severity
    cooldown_minutes: float


class ChannelView(msgspec.Struct, frozen=True, kw_only=True):
    """A channel, without its values: *fields* are the names of those that are set."""

    id: str
    type: ChannelType
    fields: list[str]
    rules: list[RuleView]


class Channels(msgspec.Struct, frozen=True, kw_only=True):
    """The configured channels."""

    channels: list[ChannelView]
    count: int


class OfChannel(Mutation, frozen=True, kw_only=True):
    """A command to one channel."""

    channel: ChannelId


class TestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a test message."""

    __test__ = False  # for pytest, which would take it for tests

    message: str
    channel: str
    delivered: bool
    error: str
    took_ms: float


class AlertHistoryRequest(Request, frozen=True, kw_only=True):
    """Which alerts, the newest first."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    cursor: Annotated[str, Meta(max_length=200)] | None = None
    acknowledged: bool | None = None


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an alert in one channel."""

    channel: str
    status: Literal["delivered", "waiting", "failed"]
    attempts: int
    last_error: str
    delivered_at: str | None
    next_attempt_at: str | None


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """An alert. *type* and *trigger* are the same; *value* is in the trigger's unit."""

    id: str
    type: str
    severity: Severity
    message: str
    trigger: str
    value: float | None
    subject: str
    timestamp: str
    acknowledged: bool
    acknowledged_at: str | None
    deliveries: list[DeliveryView]


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts, the newest first. *next_cursor* asks for older ones."""

    alerts: list[AlertView]
    count: int
    next_cursor: str | None


class AcknowledgeRequest(Mutation, frozen=True, kw_only=True):
    """Which alert was seen."""

    alert_id: Id
