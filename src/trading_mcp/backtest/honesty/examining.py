"""Everything that honesty has to say of a run, in one go."""

import msgspec

from trading_mcp.backtest.curves import daily_returns
from trading_mcp.backtest.honesty.deflated import Deflated, deflated
from trading_mcp.backtest.honesty.evidence import Evidence, Finding
from trading_mcp.backtest.honesty.findings import findings_of
from trading_mcp.backtest.honesty.plateaus import Plateau
from trading_mcp.backtest.honesty.shuffles import MonteCarlo, monte_carlo
from trading_mcp.backtest.honesty.walking import Walk
from trading_mcp.backtest.metrics import Metrics
from trading_mcp.backtest.simulation import Outcome
from trading_mcp.backtest.terms import Terms
from trading_mcp.domain.trials import Tried


class Honesty(msgspec.Struct, frozen=True, kw_only=True):
    """How far a result can be trusted; *trials* attempts have been made on its candles."""

    trials: int
    findings: tuple[Finding, ...]
    deflated_sharpe: Deflated | None
    monte_carlo: MonteCarlo | None
    plateau: Plateau | None
    walk_forward: Walk | None


def examined(
    outcome: Outcome,
    metrics: Metrics,
    terms: Terms,
    tried: Tried,
    *,
    plateau: Plateau | None = None,
    walk: Walk | None = None,
    seed: int = 0,
) -> Honesty:
    """Examine a run. *tried* is what the ledger knows of its candles, this run included.

    *plateau* is what is around its parameters, if they were searched, and *walk* the walk-forward.
    """
    luck = deflated(daily_returns(outcome), tried)
    drawn = monte_carlo(outcome.trades.pnl, outcome.capital, seed=seed)
    evidence = Evidence(
        outcome=outcome,
        metrics=metrics,
        terms=terms,
        deflated=luck,
        monte_carlo=drawn,
        plateau=plateau,
        walk=walk,
    )
    return Honesty(
        trials=max(tried.count, 1),
        findings=findings_of(evidence),
        deflated_sharpe=luck,
        monte_carlo=drawn,
        plateau=plateau,
        walk_forward=walk,
    )
