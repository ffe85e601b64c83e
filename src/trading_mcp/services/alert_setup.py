"""Reading how a channel is set up: what it takes, and which rules make sense."""

import re
from typing import Any

import msgspec

from trading_mcp.domain.alerts import (
    CONFIGS,
    TRIGGERS,
    AlertRule,
    AnyConfig,
    ChannelType,
    EmailConfig,
    TelegramConfig,
)
from trading_mcp.domain.errors import (
    InvalidParameter,
    InvalidRequest,
    MissingParameter,
    TradingError,
)
from trading_mcp.services.shapes.alerts import RuleSpec

_FAULT = re.compile(
    r"(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?",
)
_FIELD = re.compile(r"Object (?P<fault>missing required|contains unknown) field `(?P<name>.*)`")
_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+|env:.*")


def config_from(kind: ChannelType, given: dict[str, Any]) -> AnyConfig:
    """Read a channel's config. Raises TradingError, which quotes no value: it may be a secret."""
    try:
        config = msgspec.convert(given, CONFIGS[kind])
    except msgspec.ValidationError as error:
        raise _objection(kind, str(error)) from None
    if isinstance(config, EmailConfig):
        _must_fit(config)
    return config


def rules_from(specs: list[RuleSpec]) -> tuple[AlertRule, ...]:
    """Read a channel's rules. Raises TradingError."""
    rules = [_rule(spec, f"rules[{number}]") for number, spec in enumerate(specs)]
    keys = [rule.key for rule in rules]
    for number, key in enumerate(keys):
        if key in keys[:number]:
            raise InvalidParameter(
                f"rules[{number}]: another rule has the same trigger and threshold",
                field=f"rules[{number}]",
            )
    return tuple(rules)


def doubts_about(config: AnyConfig) -> list[str]:
    """Say what is accepted and will hardly work."""
    match config:
        case TelegramConfig() if not _TOKEN.fullmatch(config.bot_token):
            return ["config.bot_token does not look like Telegram's (123456789:ABC...)"]
        case EmailConfig(security="none"):
            return ["config.security: alerts travel unencrypted"]
        case _:
            return []


def _objection(kind: ChannelType, message: str) -> TradingError:
    found = _FAULT.fullmatch(message)
    what, path = (found["what"], found["path"] or "") if found else (message, "")
    field = _FIELD.fullmatch(what)
    where = ".".join(part for part in ("config", path, field["name"][:40] if field else "") if part)
    fields = [f.encode_name for f in msgspec.structs.fields(CONFIGS[kind])]
    hint = f"A channel of type {kind} takes {', '.join(fields)}."
    if field is None:
        return InvalidParameter(f"{where}: {what}", hint=hint, field=where)
    if field["fault"] == "missing required":
        return MissingParameter(f"{where} is required", hint=hint, field=where)
    return InvalidRequest(f"{where} is not known here", hint=hint, field=where)


def _must_fit(config: EmailConfig) -> None:
    if bool(config.username) != bool(config.password):
        missing = "password" if config.username else "username"
        raise MissingParameter(
            f"config.{missing} is required: a username and a password go together",
            field=f"config.{missing}",
        )
    if config.password and config.security == "none":
        raise InvalidParameter(
            "config.security: a password is sent over TLS only: use starttls or tls",
            field="config.security",
        )


def _rule(spec: RuleSpec, where: str) -> AlertRule:
    trigger = TRIGGERS.get(spec.trigger)
    if trigger is None:
        raise InvalidParameter(
            f"{where}.trigger: {spec.trigger!r} is not known; known: {', '.join(TRIGGERS)}",
            field=f"{where}.trigger",
            known=list(TRIGGERS),
        )
    if trigger.threshold == "must be" and spec.threshold is None:
        raise MissingParameter(
            f"{where}.threshold is required for {spec.trigger}, {trigger.unit}",
            field=f"{where}.threshold",
        )
    if trigger.threshold == "no" and spec.threshold is not None:
        raise InvalidParameter(
            f"{where}.threshold: {spec.trigger} has nothing to measure; leave it out",
            field=f"{where}.threshold",
        )
    cooldown = spec.cooldown_minutes
    return AlertRule(
        trigger=spec.trigger,
        threshold=spec.threshold,
        severity=spec.severity,
        cooldown_minutes=trigger.cooldown_minutes if cooldown is None else cooldown,
    )
