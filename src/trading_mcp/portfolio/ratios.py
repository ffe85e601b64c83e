"""What returns are worth for their risk. Crypto trades every day, so a year has 365 of them."""

import math
from collections.abc import Sequence

YEAR_DAYS = 365


def sharpe_ratio(returns: Sequence[float], free: float = 0.0) -> float | None:
    """Return mean over standard deviation of daily *returns*, times the root of 365.

    (Sharpe 1966; the sample's deviation.) *free* is a day's return without risk. None for fewer
    than two days, or when all are alike.
    """
    if len(returns) < 2:
        return None
    mean = math.fsum(returns) / len(returns) - free
    spread = math.fsum((r - free - mean) ** 2 for r in returns) / (len(returns) - 1)
    return mean / math.sqrt(spread) * math.sqrt(YEAR_DAYS) if spread > 0 else None


def sortino_ratio(returns: Sequence[float], free: float = 0.0) -> float | None:
    """Return mean over downside deviation of daily *returns*, times the root of 365.

    The downside deviation is the root of the mean square of what lies below *free*, days above it
    counting as 0 (Sortino and Price 1994). None for fewer than two days, or when none lies below.
    """
    if len(returns) < 2:
        return None
    mean = math.fsum(returns) / len(returns) - free
    below = math.fsum(min(r - free, 0.0) ** 2 for r in returns) / len(returns)
    return mean / math.sqrt(below) * math.sqrt(YEAR_DAYS) if below > 0 else None


def annual_return(growth: float, days: float) -> float | None:
    """Return the yearly return, a fraction, that makes *growth* (1.1: 10 % more) in *days*.

        growth ** (365 / days) - 1

    None where that is no number that means anything: no time at all, or a few hours' gain kept up
    for a year.
    """
    if days <= 0 or growth <= 0:
        return -1.0 if days > 0 else None
    power = math.log(growth) * YEAR_DAYS / days
    return math.expm1(power) if power < math.log(1e12) else None


def calmar_ratio(yearly: float | None, deepest: float) -> float | None:
    """Return the yearly return over the deepest fall, both fractions (Young 1991)."""
    return yearly / abs(deepest) if yearly is not None and deepest else None
