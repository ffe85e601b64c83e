"""What subscribers are told: the documented events, made from the engine's facts."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from trading_mcp.domain import entries as e
from trading_mcp.domain.positions import Position
from trading_mcp.engine.facts import MetricsMeasured, PositionMarked
from trading_mcp.engine.hub import Hub
from trading_mcp.services.jobs import JobProgressed
from trading_mcp.services.views import iso, number

Channel = Literal["positions", "trades", "metrics", "alerts", "jobs"]
CHANNELS: tuple[Channel, ...] = ("positions", "trades", "metrics", "alerts", "jobs")


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """One event, encoded once for all subscribers.

    *key* names the state it is the newest value of: a subscriber that lags may be spared the
    older ones. None: an event that must not be dropped.
    """

    channel: Channel
    key: str | None
    payload: bytes


class Announcer:
    """Turns the hub's facts into announcements and hands them to its listeners."""

    def __init__(self, hub: Hub):
        self._listeners: list[Callable[[Announcement], None]] = []
        hub.listen(self._hear)

    def listen(self, listener: Callable[[Announcement], None]) -> None:
        """Hand every later announcement to *listener*, which must return at once."""
        self._listeners.append(listener)

    def _hear(self, fact: object) -> None:
        if not self._listeners:
            return
        for made in announcements(fact):
            for listener in self._listeners:
                listener(made)


def announcements(fact: object) -> list[Announcement]:
    """Return what subscribers are told of *fact*: mostly nothing or one thing."""
    made = [_job(fact) if isinstance(fact, JobProgressed) else _announcement(fact)]
    if isinstance(fact, e.FillBooked) and fact.position is not None:
        made.append(_position(fact.position, fact))
    return [one for one in made if one is not None]


def _announcement(fact: object) -> Announcement | None:
    match fact:
        case PositionMarked():
            data = msgspec.to_builtins(fact)
            position_id = data.pop("position_id")
            data.pop("at")
            return _made(
                "positions", "position_update", {"id": position_id, **data}, fact.at, position_id
            )
        case MetricsMeasured():
            data = msgspec.to_builtins(fact)
            data.pop("at")
            return _made("metrics", "metrics_update", data, fact.at, "metrics")
        case e.FillBooked():
            return _made("trades", "trade_executed", _trade(fact), fact.at, None)
        case e.AlertRaised():
            return _made("alerts", "alert", _alert(fact), fact.at, None)
        case e.KillSwitchChanged():
            return _made("alerts", "kill_switch", _switch(fact), fact.at, None)
        case _:
            return None


def _job(fact: JobProgressed) -> Announcement:
    data = msgspec.to_builtins(fact)
    data.pop("at")
    return _made("jobs", "job_progress", data, fact.at, fact.id)


def _position(position: Position, fact: e.FillBooked) -> Announcement:
    """Return a position as a fill left it: opened, changed or closed."""
    data = {
        "id": position.id,
        "symbol": position.symbol,
        "unrealized_pnl": number(position.unrealized_pnl(fact.fill.price)),
        "current_price": float(fact.fill.price),
        "size": float(position.size),
        "realized_pnl": float(position.realized_pnl),
        "status": "open" if position.is_open else "closed",
    }
    return _made("positions", "position_update", data, fact.at, position.id)


def _trade(fact: e.FillBooked) -> dict[str, Any]:
    status = "filled" if fact.order.filled >= fact.order.amount else "pending"
    return {
        "order_id": fact.order.id,
        "trade_id": fact.fill.trade_id,
        "position_id": fact.order.position_id,
        "symbol": fact.order.symbol,
        "side": fact.order.side,
        "price": float(fact.fill.price),
        "size": float(fact.fill.amount),
        "status": status,
        "strategy": fact.order.owner,
        "reason": fact.order.reason,
    }


def _alert(fact: e.AlertRaised) -> dict[str, Any]:
    alert = fact.alert
    return {
        "id": alert.id,
        "severity": alert.severity,
        "message": alert.message,
        "trigger": alert.trigger,
        "value": alert.value,
    }


def _switch(fact: e.KillSwitchChanged) -> dict[str, Any]:
    switch = fact.switch
    return {
        "active": switch is not None,
        "reason": switch.reason if switch else "",
        "timestamp": iso(fact.at),
    }


def _made(
    channel: Channel, kind: str, data: dict[str, Any], at: int, key: str | None
) -> Announcement:
    payload = msgspec.json.encode({"type": kind, "data": data, "timestamp": iso(at)})
    return Announcement(channel=channel, key=key and f"{kind}:{key}", payload=payload)
