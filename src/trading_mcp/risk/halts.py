"""Why nothing may be opened at all, whatever the order: asked by the gate and by everybody else."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

import msgspec

from trading_mcp.domain.limits import KillSwitch
from trading_mcp.risk.findings import Objection
from trading_mcp.risk.standing import Pause


class Account(Protocol):
    """What has to be known of the account."""

    @property
    def now(self) -> int:
        """Trading time, UTC ms."""

    @property
    def kill_switch(self) -> KillSwitch | None:
        """On, or None."""

    @property
    def pauses(self) -> Mapping[str, Pause]:
        """By the limit that made them; some may be over."""

    @property
    def equity(self) -> Decimal | None:
        """What the account is worth, in quote; None while a held market has no price."""


class Facts(msgspec.Struct, frozen=True):
    """Just that, where no order is being judged."""

    now: int
    kill_switch: KillSwitch | None
    pauses: Mapping[str, Pause]
    equity: Decimal | None


def halt(account: Account) -> Objection | None:
    """Return the first reason why no position may be opened or enlarged now, or None."""
    return killed(account) or paused(account) or unvalued(account)


def calls_off(account: Account) -> bool:
    """Say whether entries that work already must go too.

    A fill would open or enlarge a position just as a new order would. An account value that is
    not known for the moment is no reason: it comes back.
    """
    return killed(account) is not None or paused(account) is not None


def killed(account: Account) -> Objection | None:
    """Return the objection of the kill switch, if it is on."""
    switch = account.kill_switch
    if switch is None:
        return None
    return Objection(
        "KILL_SWITCH_ACTIVE",
        "Trading is disabled - kill switch active",
        {"reason": switch.reason, "activated_at": switch.activated_at},
    )


def paused(account: Account) -> Objection | None:
    """Return the objection of a limit that was reached and pauses entries for a while."""
    for rule, pause in account.pauses.items():
        if account.now < pause.until:
            details = {"limit": rule, "until": pause.until}
            return Objection("RISK_LIMIT_EXCEEDED", pause.reason, details)
    return None


def unvalued(account: Account) -> Objection | None:
    """Return the objection that no loss limit can be kept while the equity is not known."""
    if account.equity is not None:
        return None
    return Objection(
        "RISK_LIMIT_EXCEEDED",
        "The account's value is unknown: a held market has no price yet",
    )
