"""The Sharpe ratio that is left after luck: short pasts, fat tails, and the best of many attempts.

Formulas: D. H. Bailey and M. López de Prado, "The Deflated Sharpe Ratio: Correcting for Selection
Bias, Backtest Overfitting, and Non-Normality", Journal of Portfolio Management 40 (5), 2014. All
Sharpe ratios in them are those of one period (here a day), not of a year.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

import msgspec
import numpy as np

from trading_mcp.domain.trials import Tried
from trading_mcp.portfolio.ratios import YEAR_DAYS

EULER_MASCHERONI = 0.5772156649015329
_NORMAL = NormalDist()


class Deflated(msgspec.Struct, frozen=True, kw_only=True):
    """How likely it is that the true Sharpe ratio is above 0.

    *probability* takes into account that the best of *trials* attempts was shown, *alone* does not.
    *benchmark* is what the best of so many attempts without any edge is expected to reach, and
    *sharpe* what was reached, both of a year. *days* are the returns, with their *skewness* and
    *kurtosis* (3: as if normal).
    """

    probability: float
    alone: float
    sharpe: float
    benchmark: float
    trials: int
    days: int
    skewness: float
    kurtosis: float


def deflated(returns: Sequence[float], tried: Tried) -> Deflated | None:
    """Deflate the Sharpe ratio of daily *returns* by all that was *tried*.

    None where there are fewer than three days, or all are alike.
    """
    days = np.asarray(returns, dtype=np.float64)
    spread = float(days.std(ddof=1)) if len(days) > 2 else 0.0
    if not spread > 0:
        return None
    sharpe = float(days.mean()) / spread
    scores = (days - days.mean()) / float(days.std())
    skewness, kurtosis = float((scores**3).mean()), float((scores**4).mean())
    variance = tried.variance / YEAR_DAYS
    benchmark = expected_best(variance, tried.count)

    def above(level: float) -> float:
        return probability_above(level, sharpe, len(days), skewness, kurtosis)

    return Deflated(
        probability=above(benchmark),
        alone=above(0.0),
        sharpe=sharpe * math.sqrt(YEAR_DAYS),
        benchmark=benchmark * math.sqrt(YEAR_DAYS),
        trials=max(tried.count, 1),
        days=len(days),
        skewness=skewness,
        kurtosis=kurtosis,
    )


def expected_best(variance: float, trials: int) -> float:
    """Return the Sharpe ratio that the best of *trials* attempts without an edge is expected to
    show, when theirs vary by *variance* (equation 1 of the paper, with a mean of 0)."""
    if trials < 2 or variance <= 0:
        return 0.0
    usual = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    beyond = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    weighed = (1.0 - EULER_MASCHERONI) * usual + EULER_MASCHERONI * beyond
    return math.sqrt(variance) * weighed


def probability_above(
    level: float, sharpe: float, periods: int, skewness: float, kurtosis: float
) -> float:
    """Return how likely the true Sharpe ratio is above *level* (equation 2, with its SR_0)."""
    error = 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    if error <= 0:
        # Only by rounding: kurtosis is never below 1 + skewness ** 2.
        return 1.0 if sharpe > level else 0.0
    return _NORMAL.cdf((sharpe - level) * math.sqrt(periods - 1) / math.sqrt(error))
