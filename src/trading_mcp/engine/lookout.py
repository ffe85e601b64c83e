"""The lookout: raises the alerts that the engine's own decisions do not."""

import math
from collections.abc import Callable

from trading_mcp.domain.alerts import TRIGGERS, AlertRule, gravest
from trading_mcp.domain.entries import AlertRaised
from trading_mcp.domain.limits import Alert, Severity
from trading_mcp.domain.times import MINUTE_MS
from trading_mcp.engine.availability import Availability
from trading_mcp.engine.dispatch import Dispatcher
from trading_mcp.engine.facts import MetricsMeasured
from trading_mcp.engine.session import Session
from trading_mcp.risk import sentinel

QUIET_MS = 5 * MINUTE_MS
"""A market whose data comes and goes is told of at most this often."""


class Lookout:
    """Looks at the session each time its results are measured.

    A rule's threshold raises an alert when the value comes to it from below, and again only after
    it has been below and the rule's cool-down is over. What the engine has raised itself since
    then counts: one crossing is one alert.
    """

    def __init__(self, session: Session, dispatcher: Dispatcher):
        self._session, self._dispatcher = session, dispatcher
        self._availability = Availability(session)
        self._stale: set[str] = set()
        self._told_at: dict[str, int] = {}
        self._was_writable = True
        self._below_at: dict[str, int] = {}

    def hear(self, fact: object) -> None:
        """Look, if *fact* is the measurement of each second. A listener of the hub."""
        if isinstance(fact, MetricsMeasured):
            self._look_at_journal()
            self._look_at_markets()
            for name, severity, why in self._availability.changes(self._session.clock.wall()):
                self._raise("exchange_unavailable", severity, why, subject=name)
            for trigger, measure in MEASURES.items():
                rules = self._thresholds(trigger)
                value = measure(self._session) if rules else None
                if value is not None and math.isfinite(value):
                    self._look_at(trigger, value, rules)

    def _look_at_journal(self) -> None:
        is_writable = self._session.healthy
        if self._was_writable and not is_writable:
            why = "The journal cannot be written (is the disk full?): no order is sent"
            # The hub hears of it only when it can be written again: too late for this one.
            self._dispatcher.take(self._raise("journal_unhealthy", "critical", why))
        self._was_writable = is_writable

    def _look_at_markets(self) -> None:
        stale, now = set(self._session.stale_markets()), self._session.clock.wall()
        for key in sorted(stale - self._stale):
            if now - self._told_at.get(key, -QUIET_MS) >= QUIET_MS:
                self._told_at[key] = now
                why = f"No data of {key} comes any more: no position is opened there"
                self._raise("stale_data", "warning", why, subject=key)
        self._stale = stale

    def _look_at(self, trigger: str, value: float, thresholds: list[list[AlertRule]]) -> None:
        """Raise one alert for all thresholds that *value* has newly come to."""
        crossed = [rules for rules in thresholds if self._crosses(rules, value)]
        now = self._session.clock.wall()
        due = [rules for rules in crossed if self._is_due(rules, now)]
        for rules in crossed:
            self._dispatcher.note(_above(rules[0]), now)
        if due:
            severity = gravest(*(rule.severity for rules in due for rule in rules))
            highest = max(rules[0].threshold or 0.0 for rules in due)
            self._raise(trigger, severity, _message(trigger, value, highest), value)
            for rules in due:
                self._dispatcher.note(_raised(rules[0]), now)

    def _thresholds(self, trigger: str) -> list[list[AlertRule]]:
        """Return the rules on *trigger*, of all channels, by their threshold."""
        found: dict[str, list[AlertRule]] = {}
        for channel in self._dispatcher.channels:
            for rule in channel.rules:
                if rule.trigger == trigger and rule.threshold is not None:
                    found.setdefault(rule.key, []).append(rule)
        return list(found.values())

    def _crosses(self, rules: list[AlertRule], value: float) -> bool:
        rule, trading_time = rules[0], self._session.clock.now()
        if value < (rule.threshold or 0.0):
            self._below_at[rule.key] = trading_time
            self._dispatcher.note(_above(rule), 0)
            return False
        return self._dispatcher.mark(_above(rule)) == 0

    def _is_due(self, rules: list[AlertRule], now: int) -> bool:
        rule = rules[0]
        quiet = min(rule.cooldown_minutes for rule in rules) * MINUTE_MS
        cooling = 0 <= now - self._dispatcher.mark(_raised(rule)) < quiet
        since = self._below_at.get(rule.key, self._session.clock.now())
        known = any(
            rule.concerns(alert) and alert.at > since
            for alert in self._session.state.alerts.values()
        )
        return not cooling and not known

    def _raise(
        self,
        trigger: str,
        severity: Severity,
        message: str,
        value: float | None = None,
        subject: str = "",
    ) -> Alert:
        made = self._session.core.alert(trigger, severity, message, value, subject=subject)
        self._session.ledger.write(made)
        return next(entry.alert for entry in reversed(made) if isinstance(entry, AlertRaised))


def _above(rule: AlertRule) -> str:
    return f"above {rule.key}"


def _raised(rule: AlertRule) -> str:
    return f"raised {rule.key}"


def _message(trigger: str, value: float, threshold: float) -> str:
    about = TRIGGERS[trigger]
    gap = "" if about.unit.startswith("%") else " "
    return f"{about.meaning}: {value:.2f}{gap}{about.unit} (threshold {threshold:g})"


def _exposure(session: Session) -> float | None:
    limit = session.core.max_exposure()
    return float(session.core.standings.exposure() / limit * 100) if limit else None


def _lost_today(session: Session) -> float | None:
    worth = session.core.equity()
    return float(worth.day - worth.now) if worth.day and worth.now is not None else None


MEASURES: dict[str, Callable[[Session], float | None]] = {
    "daily_drawdown": lambda session: sentinel.drawdowns(session.core.equity())[0],
    "weekly_drawdown": lambda session: sentinel.drawdowns(session.core.equity())[1],
    "monthly_drawdown": lambda session: sentinel.drawdowns(session.core.equity())[2],
    "daily_loss": _lost_today,
    "consecutive_losses": lambda session: float(session.state.consecutive_losses),
    "exposure": _exposure,
}
"""What a rule's threshold is compared with; None or not a number: not known now."""
