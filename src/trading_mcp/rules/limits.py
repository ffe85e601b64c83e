"""How far things are from their limits."""

import math


def breached(value: float, limit: float) -> bool:
    """Say whether *value* is above *limit*. A value that is not a number counts as above."""
    return not math.isfinite(value) or value > limit


def fall_pct(start: float, now: float) -> float:
    """Return how far *now* lies below *start*, in percent, at least 0; not a number if unknown."""
    if not math.isfinite(start) or not math.isfinite(now) or start <= 0.0:
        return math.nan
    return max(0.0, (start - now) / start * 100.0)


def deviation_pct(side: int, price: float, reference: float) -> float:
    """Return how far *price* is on the wrong side of *reference*, in percent, at least 0.

    A buy is wrong above, a sell (*side* -1) below.
    """
    if reference <= 0.0:
        return math.nan
    return max(0.0, side * (price - reference) / reference * 100.0)


def is_lost(start: float, now: float, limit: float) -> bool:
    """Say whether *limit* or more has been lost since *start*."""
    return start - now >= limit
