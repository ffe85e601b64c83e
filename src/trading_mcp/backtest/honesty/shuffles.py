"""Monte Carlo: the same trades in another order, and other draws from the same trades.

The order tells how deep the equity could have fallen with the same trades. It leaves the end as it
is, so that is drawn with replacement: some trades come several times, others not at all.
"""

from collections.abc import Callable

import msgspec
import numpy as np

from trading_mcp.domain.candles import Column

RUNS = 1_000
_LEAST_RUNS = 100
_WORK = 5_000_000
"""So many trades are drawn in all, at most: many trades need fewer runs to say the same."""
_SHARES = (5, 25, 50, 75, 95)


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Percentiles of a figure: 5 % of the runs are at or below *p5*."""

    p5: float
    p25: float
    p50: float
    p75: float
    p95: float


class MonteCarlo(msgspec.Struct, frozen=True, kw_only=True):
    """What *runs* draws, by *seed*, of *trades* trades came to.

    *drawdown_pct* is the deepest fall at trades' ends in percent, negative, of the trades in
    another order, and *measured_drawdown_pct* that in their own; *final_equity* (quote) is of draws
    with replacement, of which *losing_pct* percent end below the capital.
    """

    runs: int
    seed: int
    trades: int
    drawdown_pct: Spread
    measured_drawdown_pct: float
    final_equity: Spread
    losing_pct: float


def monte_carlo(
    pnl: Column, capital: float, *, seed: int = 0, runs: int = RUNS
) -> MonteCarlo | None:
    """Draw from trades that made *pnl* (quote), in the order in which they ended; None: too few.

    Each trade counts by what it made of the equity it began with, so that profits compound.
    """
    factors = _factors(pnl, capital)
    if len(factors) < 2:
        return None
    chance, count = np.random.default_rng(seed), len(factors)
    runs = max(min(runs, _WORK // count), min(runs, _LEAST_RUNS))
    falls = _drawn(runs, lambda: _deepest(factors[chance.permutation(count)]))
    ends = _drawn(runs, lambda: capital * float(factors[chance.integers(0, count, count)].prod()))
    return MonteCarlo(
        runs=runs,
        seed=seed,
        trades=count,
        drawdown_pct=_spread(falls),
        measured_drawdown_pct=_deepest(factors),
        final_equity=_spread(ends),
        losing_pct=100.0 * float((ends < capital).mean()),
    )


def _factors(pnl: Column, capital: float) -> Column:
    before = capital + np.concatenate(([0.0], np.cumsum(pnl)[:-1])) if len(pnl) else pnl
    ruined = np.flatnonzero(before <= 0)
    # Nothing is traded with nothing: what came after that is not known to have been possible.
    end = int(ruined[0]) if len(ruined) else len(pnl)
    factors: Column = np.maximum(1.0 + pnl[:end] / before[:end], 0.0)
    return factors


def _deepest(factors: Column) -> float:
    equity = np.concatenate(([1.0], np.cumprod(factors)))
    return 100.0 * float((equity / np.maximum.accumulate(equity)).min() - 1.0)


def _drawn(runs: int, draw: Callable[[], float]) -> Column:
    return np.fromiter((draw() for _ in range(runs)), dtype=np.float64, count=runs)


def _spread(values: Column) -> Spread:
    return Spread(
        **{
            f"p{share}": float(found)
            for share, found in zip(_SHARES, np.percentile(values, _SHARES), strict=True)
        }
    )
