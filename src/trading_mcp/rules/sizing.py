"""How large a position may be."""

KELLY_NEEDS = 30
"""Closed positions before the Kelly stake is trusted at all."""
SMALLEST_SHARE = 0.25
"""The share of the plain risk per trade that a poor Kelly stake never goes below."""


def kelly_stake(wins: int, losses: int, won: float, lost: float) -> float:
    """Return Kelly's share of the capital, W - (1 - W) / R, at least 0.

    W is the share of winners, R the average win over the average loss (Kelly 1956). *won* and
    *lost* are the sums of winning and losing trades, both positive.
    """
    if wins == 0:
        return 0.0
    if losses == 0 or lost <= 0.0:
        return 1.0
    share = wins / (wins + losses)
    payoff = (won / wins) / (lost / losses)
    return max(0.0, share - (1.0 - share) / payoff)


def risk_percent(
    base: float, factor: float, kelly_fraction: float, trades: int, stake: float
) -> float:
    """Return the percent of the equity to risk on one trade.

    *base* times the mode's *factor*; once there is a record, not more than *kelly_fraction* of
    the Kelly *stake*, yet never below a quarter of *base*.
    """
    plain = base * factor
    if kelly_fraction <= 0.0 or trades < KELLY_NEEDS:
        return plain
    return min(plain, max(stake * kelly_fraction * 100.0, base * SMALLEST_SHARE))


def stop_percent(stop_pct: float, atr: float, price: float, multiplier: float) -> float:
    """Return the stop's distance in percent: not nearer than *multiplier* true ranges."""
    if price <= 0.0:
        return stop_pct
    return max(stop_pct, multiplier * atr / price * 100.0)


def notional_at_risk(equity: float, risk_pct: float, stop_pct: float) -> float:
    """Return the notional that loses *risk_pct* of *equity* over a move of *stop_pct*."""
    if stop_pct <= 0.0 or equity <= 0.0:
        return 0.0
    return equity * risk_pct / stop_pct


def is_worth_trading(
    amount: float, price: float, min_amount: float, min_notional: float, room: float
) -> bool:
    """Say whether *amount* may be entered, and left again: *room* times the market's minimum."""
    return amount > 0.0 and amount >= min_amount * room and amount * price >= min_notional * room
