"""What may be held against a run itself, whoever chose its parameters."""

from collections.abc import Iterator

import numpy as np

from trading_mcp.backtest.curves import span_days
from trading_mcp.backtest.honesty.evidence import Evidence, Finding, graded
from trading_mcp.backtest.kernel.layout import LIQUIDATION


def too_few_trades(evidence: Evidence) -> Iterator[Finding]:
    count = evidence.metrics.total_trades
    if grade := graded(count, 100, 30):
        yield Finding(
            code="too_few_trades",
            severity=grade[0],
            measured=count,
            threshold=grade[1],
            unit="trades",
            meaning="With so few trades, luck alone explains nearly any result.",
            advice=_more_trades(evidence),
        )


def _more_trades(evidence: Evidence) -> str:
    """Return what to do for more trades: no longer time helps where entries are blocked."""
    if _too_small_pct(evidence) > SMALL[1]:
        return "A longer time adds none: most entries were too small. See entries_too_small."
    if evidence.outcome.account["killed_at"]:
        return (
            "A longer time adds none: a drawdown limit ended all entries. Look at why it lost so "
            "much, or change that limit in `risk` for the run."
        )
    return "Run over a longer time, more markets or a smaller interval."


SMALL = (10.0, 50.0)
"""The percentage of entries too small for the market that is worth a warning, and critical."""


def entries_too_small(evidence: Evidence) -> Iterator[Finding]:
    share = _too_small_pct(evidence)
    if grade := graded(-share, -SMALL[0], -SMALL[1]):
        yield Finding(
            code="entries_too_small",
            severity=grade[0],
            measured=share,
            threshold=-grade[1],
            unit="percent of the entries",
            meaning=f"{int(evidence.outcome.account['blocked_small']):,} entries were wished for "
            "and not made: their sizes were below the market's minimum. The result is of the "
            "others alone.",
            advice="Give the run more capital or a size_percent, and see that risk limits such as "
            "max_position_size_usd leave room for the market's minimum.",
        )


def _too_small_pct(evidence: Evidence) -> float:
    """Return how many entries, of those made and those too small, were too small, in percent."""
    small = evidence.outcome.account["blocked_small"]
    return 100.0 * small / (small + evidence.metrics.total_trades) if small else 0.0


def too_few_days(evidence: Evidence) -> Iterator[Finding]:
    days = span_days(evidence.outcome)
    if grade := graded(days, 90, 14):
        yield Finding(
            code="too_few_days",
            severity=grade[0],
            measured=days,
            threshold=grade[1],
            unit="days",
            meaning="One kind of market is all that was seen, and yearly figures are extrapolated.",
            advice="Run over at least some months, with rises, falls and standstill in them.",
        )


def one_trade_makes_the_profit(evidence: Evidence) -> Iterator[Finding]:
    metrics = evidence.metrics
    if metrics.total_pnl <= 0 or metrics.total_trades < 2:
        return
    share = 100.0 * metrics.best_trade / metrics.total_pnl
    if grade := graded(-share, -25, -50):
        yield Finding(
            code="one_trade_makes_the_profit",
            severity=grade[0],
            measured=share,
            threshold=-grade[1],
            unit="percent of the profit",
            meaning=_without_the_best(share),
            advice="Look at that trade; run over a longer time, in which no single one decides.",
        )


def _without_the_best(share: float) -> str:
    if share >= 100:
        return "Without its best trade, this strategy has earned nothing, or lost."
    if share > 50:
        return "Without its best trade, more than half of the profit is gone."
    return "A single trade has earned more than a quarter of the profit."


def costs_eat_the_edge(evidence: Evidence) -> Iterator[Finding]:
    metrics, costs = evidence.metrics, evidence.terms.costs
    slipped = 0.0 if costs.target_rests else costs.slippage + costs.spread / 2
    paid = metrics.fees + metrics.turnover * metrics.initial_capital * slipped
    before = metrics.total_pnl + paid
    if before <= 0:
        return
    share = 100.0 * paid / before
    if grade := graded(-share, -50, -100):
        yield Finding(
            code="costs_eat_the_edge",
            severity=grade[0],
            measured=share,
            threshold=-grade[1],
            unit="percent of the profit before costs",
            meaning="Fees and slippage take most of what the strategy earns: a little more of "
            "either, and nothing is left.",
            advice="Trade less often for larger moves, or where it costs less.",
        )


def costs_are_left_out(evidence: Evidence) -> Iterator[Finding]:
    metrics = evidence.metrics
    costs = evidence.terms.costs
    if metrics.total_trades and not (metrics.fees or costs.slippage or costs.spread):
        yield Finding(
            code="costs_are_left_out",
            severity="critical",
            measured=0.0,
            threshold=0.0,
            unit="quote",
            meaning="Nothing was paid for trading, which no exchange offers.",
            advice="Set the fee of your exchange, and leave slippage on.",
        )


def it_loses(evidence: Evidence) -> Iterator[Finding]:
    gained = evidence.metrics.total_return_pct
    if evidence.metrics.total_trades and gained <= 0:
        yield Finding(
            code="it_loses",
            severity="warning",
            measured=gained,
            threshold=0.0,
            unit="percent",
            meaning="The strategy lost money.",
            advice="Do not trade it like this. Turning it round does not help: it pays costs too.",
        )


def holding_was_better(evidence: Evidence) -> Iterator[Finding]:
    gained, held = evidence.metrics.total_return_pct, evidence.metrics.buy_and_hold_return_pct
    if gained < held:
        yield Finding(
            code="holding_was_better",
            severity="info",
            measured=gained,
            threshold=held,
            unit="percent",
            meaning="Buying at the beginning and doing nothing had earned more.",
            advice="Compare the drawdowns too: less profit may be the price of a smaller risk.",
        )


def positions_were_liquidated(evidence: Evidence) -> Iterator[Finding]:
    count = int(np.count_nonzero(evidence.outcome.trades.reason == LIQUIDATION))
    if count:
        yield Finding(
            code="positions_were_liquidated",
            severity="critical",
            measured=count,
            threshold=0.0,
            unit="trades",
            meaning="The exchange took positions away, with all of their margin.",
            advice="Use less leverage, or a stop that comes before the liquidation.",
        )


def worse_falls_are_likely(evidence: Evidence) -> Iterator[Finding]:
    drawn = evidence.monte_carlo
    if drawn is not None and drawn.drawdown_pct.p5 < min(1.5 * drawn.measured_drawdown_pct, -5.0):
        yield Finding(
            code="worse_falls_are_likely",
            severity="info",
            measured=drawn.drawdown_pct.p5,
            threshold=1.5 * drawn.measured_drawdown_pct,
            unit="percent",
            meaning="The same trades in another order fell much deeper in one of twenty draws: "
            "the drawdown of the run was a lucky one.",
            advice="Size positions for this drawdown, not for the measured one.",
        )
