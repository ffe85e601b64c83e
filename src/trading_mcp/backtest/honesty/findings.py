"""All that speaks against a result, measured, with its threshold and what to do."""

from collections.abc import Callable, Iterator

from trading_mcp.backtest.honesty import of_results, of_searches
from trading_mcp.backtest.honesty.evidence import SEVERITIES, Evidence, Finding

Rule = Callable[[Evidence], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    of_results.too_few_trades,
    of_results.entries_too_small,
    of_results.too_few_days,
    of_results.one_trade_makes_the_profit,
    of_results.costs_eat_the_edge,
    of_results.costs_are_left_out,
    of_results.it_loses,
    of_results.holding_was_better,
    of_results.positions_were_liquidated,
    of_results.worse_falls_are_likely,
    of_searches.luck_explains_it,
    of_searches.in_sample_only,
    of_searches.overfit,
    of_searches.lone_peak,
    of_searches.parameters_at_the_edge,
)
"""Every rule; its name is the code of its finding."""


def findings_of(evidence: Evidence) -> tuple[Finding, ...]:
    """Return everything that speaks against a result, the gravest first."""
    found = [finding for rule in RULES for finding in rule(evidence)]
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))
