"""Watching over the account: periods open, pauses end, losses are judged."""

from trading_mcp.domain import entries as e
from trading_mcp.domain.limits import KillSwitch
from trading_mcp.domain.times import (
    DAY_MS,
    MINUTE_MS,
    iso,
    start_of_day,
    start_of_month,
    start_of_week,
)
from trading_mcp.engine.desk import ENGINE, Desk
from trading_mcp.risk import sentinel


def keep_watch(desk: Desk) -> None:
    """Do all that time, prices and closed positions may have made due."""
    _open_periods(desk)
    forgive(desk)
    _pause_after_losses(desk)
    _judge(desk)
    desk.go_on_leaving()


def kill(desk: Desk, reason: str, principal: str) -> None:
    """Turn the kill switch on, unless it is on already."""
    if desk.state.kill_switch is not None:
        return
    switch = KillSwitch(reason=reason, principal=principal, activated_at=desk.now)
    desk.make(e.KillSwitchChanged(at=desk.now, switch=switch, principal=principal))
    desk.alert("kill_switch", "critical", f"Kill switch activated: {reason}")


def equity(desk: Desk) -> sentinel.Equity:
    """Return the account's worth now and at the start of its periods."""
    periods = desk.state.periods
    return sentinel.Equity(
        now=desk.standings.equity(),
        day=periods["day"].equity if "day" in periods else None,
        week=periods["week"].equity if "week" in periods else None,
        month=periods["month"].equity if "month" in periods else None,
    )


def findings(desk: Desk) -> sentinel.Findings:
    """Return what the account's losses mean now."""
    worth = equity(desk)
    if worth.now is None or worth.day is None or worth.day <= 0:
        return sentinel.Findings()  # not known, or no funds yet: nothing has been lost
    return sentinel.judge(worth, desk.state.parameters)


def _open_periods(desk: Desk) -> None:
    starts: dict[e.Period, int] = {
        "day": start_of_day(desk.now),
        "week": start_of_week(desk.now),
        "month": start_of_month(desk.now),
    }
    periods = desk.state.periods
    due = [n for n, at in starts.items() if n not in periods or periods[n].start < at]
    worth = desk.standings.equity() if due else None
    if worth is None:
        return
    for name in due:
        desk.make(
            e.PeriodOpened(
                at=desk.now,
                period=name,
                start=starts[name],
                equity=worth,
                worths=desk.standings.worths(),
            )
        )


def forgive(desk: Desk) -> None:
    """Begin to count losers anew if the pause that they brought is over."""
    pause = desk.state.pauses.get("max_consecutive_losses")
    if pause is not None and desk.now >= pause.until:
        desk.make(e.LossesForgiven(at=desk.now))


def _pause_after_losses(desk: Desk) -> None:
    parameters, streak = desk.state.parameters, desk.state.consecutive_losses
    paused = "max_consecutive_losses" in desk.state.pauses
    if paused or streak < parameters.max_consecutive_losses:
        return
    until = desk.now + int(parameters.loss_cooldown_minutes * MINUTE_MS)
    reason = f"{streak} losing positions in a row: entries pause until {iso(until - until % 1000)}"
    rule = "max_consecutive_losses"
    desk.make(e.EntriesPaused(at=desk.now, rule=rule, reason=reason, until=until))
    desk.alert("consecutive_losses", "warning", reason, float(streak))


def _judge(desk: Desk) -> None:
    found = findings(desk)
    for caution in found.warnings:
        _warn(desk, caution)
    if found.pause:
        _pause_for_the_day(desk, found.pause)
    if found.kill:
        kill(desk, found.kill, ENGINE)


def _pause_for_the_day(desk: Desk, reason: str) -> None:
    rule = "max_daily_loss_usd"
    end = desk.state.periods["day"].start + DAY_MS
    paused = desk.state.pauses.get(rule)
    if paused is None or paused.until < end:
        desk.make(e.EntriesPaused(at=desk.now, rule=rule, reason=reason, until=end))


def _warn(desk: Desk, caution: sentinel.Caution) -> None:
    day = desk.state.periods["day"].start
    said = any(
        alert.trigger == caution.trigger and alert.severity == caution.severity and alert.at >= day
        for alert in desk.state.alerts.values()
    )
    if not said:
        desk.alert(caution.trigger, caution.severity, caution.message, caution.value)
