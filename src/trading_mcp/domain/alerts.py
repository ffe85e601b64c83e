"""Alerts on their way to people: what they are told of, through which channels, and whether."""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from trading_mcp.domain.limits import Alert, Severity

Measured = Literal["no", "may be", "must be"]
"""Whether a rule has a threshold: there is nothing to measure; it may leave it to the limits."""
ChannelType = Literal["telegram", "email", "webhook"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
"""From the least grave to the gravest."""


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """What alerts are raised for. *unit* is that of the value and the threshold.

    *cooldown_minutes* is how long a rule that does not say is silent after it has told somebody.
    """

    meaning: str
    threshold: Measured = "no"
    unit: str = ""
    cooldown_minutes: float = 15.0


def _drawdown(period: str) -> Trigger:
    return Trigger(
        meaning=f"The account has fallen since the start of the UTC {period}",
        threshold="may be",
        unit="%",
        cooldown_minutes=60.0,
    )


TRIGGERS: dict[str, Trigger] = {
    "daily_drawdown": _drawdown("day"),
    "weekly_drawdown": _drawdown("week"),
    "monthly_drawdown": _drawdown("month"),
    "daily_loss": Trigger(
        meaning="The account has lost money since the start of the UTC day",
        threshold="may be",
        unit="in quote currency",
        cooldown_minutes=60.0,
    ),
    "consecutive_losses": Trigger(
        meaning="Positions were closed at a loss, one after the other",
        threshold="may be",
        unit="positions",
        cooldown_minutes=60.0,
    ),
    "exposure": Trigger(
        meaning="Positions and working entries use up the exposure limit",
        threshold="must be",
        unit="% of the limit",
        cooldown_minutes=60.0,
    ),
    "kill_switch": Trigger(meaning="The kill switch went on", cooldown_minutes=0.0),
    "order_error": Trigger(meaning="An exchange refused an order"),
    "order_unknown": Trigger(meaning="Nobody knows what became of an order"),
    "order_revived": Trigger(
        meaning="An order that was taken for dead lives at the exchange", cooldown_minutes=0.0
    ),
    "overfill": Trigger(meaning="More was filled than was ordered", cooldown_minutes=0.0),
    "outside_trade": Trigger(meaning="A trade on the account is not ours"),
    "outside_order": Trigger(meaning="An order on the account is not ours"),
    "alien_order": Trigger(
        meaning="An order bears our mark, and the journal does not know it", cooldown_minutes=0.0
    ),
    "unprotected": Trigger(
        meaning="A position's stop can't be placed at the exchange", cooldown_minutes=0.0
    ),
    "deadline": Trigger(meaning="The exchange's dead-man's switch could not be renewed"),
    "balance_mismatch": Trigger(meaning="A balance at the exchange is not what our books say"),
    "liquidation": Trigger(meaning="The exchange closed a position by force", cooldown_minutes=0.0),
    "strategy_broken": Trigger(meaning="A strategy was stopped for a fault"),
    "stale_data": Trigger(meaning="A market's data does not come any more"),
    "exchange_unavailable": Trigger(
        meaning="An exchange can't be relied on, or can again", cooldown_minutes=0.0
    ),
    "journal_unhealthy": Trigger(meaning="The journal cannot be written"),
}
"""Every trigger there is. `value` of an alert is in the trigger's unit."""


class AlertRule(msgspec.Struct, frozen=True, kw_only=True):
    """What one channel is told of: alerts of *trigger* whose value is at least *threshold*.

    After it has told of a thing it says no more of the same thing for *cooldown_minutes*.
    """

    trigger: str
    threshold: float | None = None
    severity: Severity = "warning"
    cooldown_minutes: float = 0.0

    @property
    def key(self) -> str:
        """What tells it from the channel's other rules."""
        return self.trigger if self.threshold is None else f"{self.trigger}:{self.threshold}"

    def concerns(self, alert: Alert) -> bool:
        """Say whether *alert* is one to tell of."""
        enough = self.threshold is None or (alert.value or 0.0) >= self.threshold
        return alert.trigger == self.trigger and enough


def gravest(*severities: Severity) -> Severity:
    """Return the gravest of *severities*."""
    return max(severities, key=SEVERITIES.index)


ENV = "env:TRADING_MCP_ALERT_"
"""A secret may be left in an environment variable of that prefix: no other can be named."""
_ENV = r"env:TRADING_MCP_ALERT_[A-Z0-9_]{1,64}"
_AT = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+"
# Not `$`, which would let a line end follow.
Token = Annotated[str, Meta(pattern=rf"^({_ENV}|(?!env:)[A-Za-z0-9:_-]{{1,256}})\Z")]
Secret = Annotated[str, Meta(pattern=rf"^({_ENV}|(?!env:)[\x20-\x7e]{{0,1024}})\Z")]
Chat = Annotated[str, Meta(pattern=r"^(-?[0-9]{1,32}|@?[A-Za-z_][A-Za-z0-9_]{1,63})\Z")]
Address = Annotated[str, Meta(pattern=rf"^{_AT}\Z", max_length=254)]
Host = Annotated[str, Meta(pattern=r"^[A-Za-z0-9.:_-]{1,253}\Z")]
Words = Annotated[str, Meta(pattern=r"^[\x20-\x7e]{0,1024}\Z")]
Url = Annotated[str, Meta(pattern=rf"^({_ENV}|https?://[\x21-\x7e]{{1,2000}})\Z")]


class ChannelConfig(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"
):
    """What a channel needs to be reached. It holds secrets, so it does not show itself."""

    hidden: ClassVar[tuple[str, ...]]
    """The fields that hold secrets."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    @property
    def given(self) -> list[str]:
        """The names of the fields that are set."""
        return [f.encode_name for f in msgspec.structs.fields(self) if getattr(self, f.name)]


class TelegramConfig(ChannelConfig, frozen=True, kw_only=True, tag="telegram"):
    """A Telegram bot and the chat that it writes to: its number, or `@name` of a channel."""

    hidden: ClassVar[tuple[str, ...]] = ("bot_token",)

    bot_token: Token
    chat_id: Chat


class EmailConfig(ChannelConfig, frozen=True, kw_only=True, tag="email"):
    """A mail server and whom it writes to. *port* 0: the usual one for *security*."""

    hidden: ClassVar[tuple[str, ...]] = ("password",)

    smtp_host: Host
    sender: Address = msgspec.field(name="from")
    to: Address | Annotated[list[Address], Meta(min_length=1, max_length=20)]
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    username: Words = ""
    password: Secret = ""
    security: Literal["starttls", "tls", "none"] = "starttls"


class WebhookConfig(ChannelConfig, frozen=True, kw_only=True, tag="webhook"):
    """Where alerts are posted as JSON. With a *secret* each is signed with it."""

    hidden: ClassVar[tuple[str, ...]] = ("url", "secret")

    url: Url
    secret: Secret = ""


AnyConfig = TelegramConfig | EmailConfig | WebhookConfig
CONFIGS: dict[ChannelType, type[AnyConfig]] = {
    "telegram": TelegramConfig,
    "email": EmailConfig,
    "webhook": WebhookConfig,
}


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A way to reach somebody, and what they are told through it. Its *id* is given by them."""

    id: str
    config: AnyConfig
    rules: tuple[AlertRule, ...]

    @property
    def type(self) -> ChannelType:
        """How it reaches them."""
        return next(name for name, kind in CONFIGS.items() if isinstance(self.config, kind))


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One alert on its way through one channel. Times are wall time, UTC ms.

    *severity* is the alert's or its rule's, whichever is graver. *due_at* None: no more attempts.
    """

    alert_id: str
    channel: str
    severity: Severity
    attempts: int = 0
    due_at: int | None = None
    delivered_at: int | None = None
    last_error: str = ""

    @property
    def status(self) -> Literal["delivered", "waiting", "failed"]:
        """What has become of it."""
        if self.delivered_at is not None:
            return "delivered"
        return "failed" if self.due_at is None else "waiting"


class KeptAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as it is remembered: seen by somebody (wall time, UTC ms) or not, told to whom."""

    alert: Alert
    acknowledged_at: int | None = None
    deliveries: tuple[Delivery, ...] = ()


class NotDelivered(Exception):
    """A message did not reach its channel. *reason* holds no secrets."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason
