"""What returns are worth for their risk. Crypto trades every day, so a year has 365 of them."""

import math
from collections.abc import Sequence

from trading_mcp.domain.candles import Column

YEAR_DAYS = 365


def sharpe_ratio(returns: Sequence[float], free: float = 0.0) -> float | None:
    """Return mean over standard deviation of daily *returns*, times the root of 365.

    (Sharpe 1966; the sample's deviation.) *free* is a day's return without risk. None for fewer
    than two days, or when all are alike.
    """
    mean, variance, _ = moments(returns, free)
    return yearly_ratio(mean, variance)


def sortino_ratio(returns: Sequence[float], free: float = 0.0) -> float | None:
    """Return mean over downside deviation of daily *returns*, times the root of 365.

    The downside deviation is the root of the mean square of what lies below *free*, days above it
    counting as 0 (Sortino and Price 1994). None for fewer than two days, or when none lies below.
    """
    mean, _, downside = moments(returns, free)
    return yearly_ratio(mean, downside)


def yearly_ratio(mean: float, square: float) -> float | None:
    """Return the *mean* of a day over the root of *square*, times the root of 365; None for 0."""
    return mean / math.sqrt(square) * math.sqrt(YEAR_DAYS) if square > 0 else None


def moments(returns: Sequence[float] | Column, free: float) -> tuple[float, float, float]:
    """Return the mean of *returns* above *free*, their variance, and their mean square below it.

    All are 0 for fewer than two returns, and so is the variance when all are alike. The search
    compiles this: sums are taken in order, so that both come to the same to the bit.
    """
    count = len(returns)
    if count < 2:
        return 0.0, 0.0, 0.0
    total, alike = 0.0, True
    for one in returns:
        total += one
        alike = alike and one == returns[0]
    mean = total / count - free
    squares, below = 0.0, 0.0
    for one in returns:
        apart = one - free - mean
        squares += apart * apart
        if one < free:
            below += (one - free) * (one - free)
    return mean, 0.0 if alike else squares / (count - 1), below / count


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
