"""What the account's losses mean: pauses after a losing streak, for the day, or for good."""

from trading_mcp.backtest.kernel.layout import Record
from trading_mcp.rules.limits import breached, fall_pct, is_lost
from trading_mcp.rules.periods import DAY, day_number, month_number, week_number


def note_result(account: Record, limits: Record, pnl: float, now: int) -> None:
    """Count a closed position; too many losers in a row pause entries for a while."""
    forgive(account, now)
    account.wins += pnl > 0.0
    account.losses += pnl < 0.0
    account.won += max(pnl, 0.0)
    account.lost -= min(pnl, 0.0)
    account.streak = account.streak + 1 if pnl < 0.0 else 0
    if account.streak >= limits.max_losses and account.paused == 0:
        account.paused = 1
        account.paused_until = now + limits.cooldown_ms


def forgive(account: Record, now: int) -> None:
    """Begin to count losers anew once the pause that they brought is over."""
    if account.paused != 0 and now >= account.paused_until:
        account.paused = 0
        account.streak = 0


def watch(account: Record, limits: Record, equity: float, now: int) -> None:
    """Judge the equity at *now*, the end of a candle, as the live account is judged."""
    open_periods(account, equity, now)
    if account.day_equity <= 0.0:
        return
    if is_lost(account.day_equity, equity, limits.daily_loss):
        account.day_paused_until = (account.day + 1) * DAY
    fell = (
        breached(fall_pct(account.day_equity, equity), limits.day_fall_pct)
        or breached(fall_pct(account.week_equity, equity), limits.week_fall_pct)
        or breached(fall_pct(account.month_equity, equity), limits.month_fall_pct)
    )
    if fell and account.killed_at == 0:
        account.killed_at = now


def open_periods(account: Record, equity: float, now: int) -> None:
    """Remember the equity at which a UTC day, week and month begin."""
    day = day_number(now)
    if day == account.day:
        return
    account.day = day
    account.day_equity = equity
    if week_number(now) != account.week:
        account.week = week_number(now)
        account.week_equity = equity
    if month_number(now) != account.month:
        account.month = month_number(now)
        account.month_equity = equity


def note_equity(account: Record, limits: Record, now: int) -> None:
    """Note the equity at the closes, and judge it where limits are to be watched."""
    equity = account.wallet + account.gain
    note_fall(account, equity, now)
    if limits.watched != 0:
        watch(account, limits, equity, now)


def note_fall(account: Record, equity: float, now: int) -> None:
    """Note how far, and for how long, the equity has been below its peak."""
    if equity < account.peak or account.below != 0:
        account.longest_ms = max(account.longest_ms, now - account.peak_at)
    if equity >= account.peak:
        account.below = 0
        account.peak = equity
        account.peak_at = now
        account.floor = equity * (1.0 - account.deepest)
    else:
        note_depth(account, equity)


def note_depth(account: Record, equity: float) -> None:
    """Note how far an *equity* below the peak has fallen."""
    account.below = 1
    if equity < account.floor:
        account.deepest = 1.0 - equity / account.peak
        account.floor = equity
