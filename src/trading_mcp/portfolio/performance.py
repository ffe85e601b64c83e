"""What closed positions earned, kept as running sums."""

from decimal import Decimal

import msgspec

from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.times import DAY_MS
from trading_mcp.portfolio.ratios import YEAR_DAYS, sharpe_ratio


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """The record of closed positions, after fees and funding, in quote.

    *capital* is what percentages are measured by: the equity at the beginning. *days* holds the
    profit of each UTC day (days since 1970).
    """

    capital: Decimal = ZERO
    trades: int = 0
    wins: int = 0
    losses: int = 0
    won: Decimal = ZERO
    lost: Decimal = ZERO
    pnl: Decimal = ZERO
    peak: Decimal = ZERO
    deepest_pct: float = 0.0
    days: dict[int, Decimal] = {}

    def after(self, pnl: Decimal, at: int) -> "Tally":
        """Return the record with one more closed position."""
        counted = msgspec.structs.replace(
            self,
            trades=self.trades + 1,
            wins=self.wins + (pnl > 0),
            losses=self.losses + (pnl < 0),
            won=self.won + max(pnl, ZERO),
            lost=self.lost - min(pnl, ZERO),
        )
        return counted.corrected(pnl, at)

    def corrected(self, pnl: Decimal, at: int) -> "Tally":
        """Return the record with *pnl* more, on the same number of positions."""
        total = self.pnl + pnl
        peak = max(self.peak, total)
        day = at // DAY_MS
        return msgspec.structs.replace(
            self,
            pnl=total,
            peak=peak,
            deepest_pct=max(self.deepest_pct, self._fall(peak, total)),
            days={**self.days, day: self.days.get(day, ZERO) + pnl},
        )

    def _fall(self, peak: Decimal, total: Decimal) -> float:
        top = self.capital + peak
        return float((peak - total) / top * 100) if top > 0 else 0.0

    @property
    def win_rate(self) -> float:
        """Winners among all closed positions, in percent; 0 before the first."""
        return 100.0 * self.wins / self.trades if self.trades else 0.0

    @property
    def average_win(self) -> float:
        """Average profit of the winners, in quote; 0 before the first."""
        return float(self.won / self.wins) if self.wins else 0.0

    @property
    def average_loss(self) -> float:
        """Average loss of the losers, in quote, negative; 0 before the first."""
        return -float(self.lost / self.losses) if self.losses else 0.0

    @property
    def profit_factor(self) -> float:
        """What was won per unit lost; 0 while nothing was lost, when it has no value."""
        return float(self.won / self.lost) if self.lost else 0.0

    @property
    def max_drawdown_pct(self) -> float:
        """The deepest fall from a peak, in percent, negative."""
        return -self.deepest_pct if self.deepest_pct else 0.0

    def sharpe_ratio(self, risk_free_rate: float) -> float:
        """Return mean over standard deviation of daily returns above *risk_free_rate*, a year's.

        Days without a closed position count as zero (Sharpe 1966; sample deviation, times the
        root of 365). 0 with fewer than two days, or when all days are alike.
        """
        return sharpe_ratio(self._daily_returns(), risk_free_rate / YEAR_DAYS) or 0.0

    def _daily_returns(self) -> list[float]:
        if not self.days or self.capital <= 0:
            return []
        first, last = min(self.days), max(self.days)
        return [float(self.days.get(day, ZERO) / self.capital) for day in range(first, last + 1)]
