"""One search from its plan to what is kept of it. It computes: it belongs in a thread.

Whoever imports this pays for TA-Lib: import it once the loop is loaded.
"""

import contextlib
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from trading_mcp.backtest.compiling import Loop
from trading_mcp.backtest.honesty.digests import past_of
from trading_mcp.backtest.honesty.examining import examined
from trading_mcp.backtest.honesty.plateaus import plateau
from trading_mcp.backtest.honesty.proof import prove
from trading_mcp.backtest.honesty.walking import Choice, Walk
from trading_mcp.backtest.honesty.windows import Window
from trading_mcp.backtest.runs import Data
from trading_mcp.backtest.search.choosing import (
    NothingFound,
    choice_of,
    params_of_best,
    terms_with,
)
from trading_mcp.backtest.search.points import points_of
from trading_mcp.backtest.warmed import run_warmed
from trading_mcp.domain.backtests import KeptRun
from trading_mcp.services.backtesting import Plan, Ran, recorded
from trading_mcp.services.hunting import Hunt
from trading_mcp.services.loading import Note
from trading_mcp.services.optimization_views import untested
from trading_mcp.services.optimizing import SearchPlan, SearchRoom
from trading_mcp.services.pasts import Past, data_of
from trading_mcp.services.search_rows import Hunted, kept_search, rows_of
from trading_mcp.services.steps import PROOF, UNTIL, Estimate, Steps
from trading_mcp.services.walking import walked, windows_for
from trading_mcp.strategy.base import Params

Rows = Sequence[dict[str, Any]]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept: the search with a row for each combination, and the run of the best with its
    trades; None: no combination has a score."""

    search: KeptRun
    rows: Rows
    best: tuple[KeptRun, Rows] | None


def searched(
    plan: SearchPlan, past: Past, room: SearchRoom, loop: Loop, note: Note, estimate: Estimate
) -> Kept:
    """Prove the strategy, search, and judge what was found. What *note* raises ends the search.

    Raises:
        InvalidParameter: the strategy fails the proof, or accepts none of the combinations; there
            is too little to walk forward through.
        InternalError: the strategy answers rubbish.
    """
    began = time.perf_counter()
    note("proving the strategy", PROOF)
    source, data = prove(plan.strategy, room.ledger), data_of(past)
    windows = windows_for(plan, data, past.before)
    steps = Steps(past.span.length, windows, note, estimate, began)
    with contextlib.closing(Hunt(plan, room, source, len(past.candles))) as hunt:
        hunted = _hunted(plan, data, past.before, windows, hunt, steps, loop)
    note("running the best", UNTIL)
    best = _best(plan, past, hunt, hunted, source, loop)
    digests = {"strategy_hash": source, "data_hash": past_of([data], plan.market.exchange).data}
    kept = kept_search(plan, hunted, digests, None if best is None else best[0])
    return Kept(search=kept, rows=rows_of(plan, hunted.found), best=best)


def _hunted(
    plan: SearchPlan,
    data: Data,
    before: int,
    windows: Sequence[Window],
    hunt: Hunt,
    steps: Steps,
    loop: Loop,
) -> Hunted:
    found = hunt.over(data, before, steps.teller(0))
    walk, warnings = _walk(plan, data, windows, hunt, steps, loop) if windows else (None, ())
    return Hunted(
        found=found,
        # Counted last: what the walk tried counts too, or the same search would be told less.
        tried=hunt.ever_tried(data),
        around=plateau(points_of(found, plan.objectives[0])),
        walk=walk,
        warnings=warnings,
        estimated=found.estimated if steps.estimated is None else steps.estimated,
    )


def _walk(
    plan: SearchPlan,
    data: Data,
    windows: Sequence[Window],
    hunt: Hunt,
    steps: Steps,
    loop: Loop,
) -> tuple[Walk | None, tuple[str, ...]]:
    """Return the walk-forward, or why there is none: what was found before is not lost for it."""
    place = 0

    def choose(part: Data, before: int) -> Choice:
        nonlocal place
        place += 1
        found = hunt.over(part, before, steps.teller(place))
        return choice_of(hunt.wanted, found)

    try:
        return walked(plan, data, windows, choose, loop), ()
    except NothingFound:
        return None, (untested(place, len(windows)),)


def _best(
    plan: SearchPlan, past: Past, hunt: Hunt, hunted: Hunted, source: str, loop: Loop
) -> tuple[KeptRun, Rows] | None:
    """Run the best once more, for its trades, and examine it with all that is known by now."""
    params = params_of_best(hunt.wanted, hunted.found)
    if params is None:
        return None
    run, terms = _plan_of(plan, params), terms_with(hunt.wanted, params)
    shown = _warmed_for(run, past)
    result = run_warmed(run.strategy, data_of(shown), shown.before, terms, loop)
    honesty = examined(
        result.outcome,
        result.metrics,
        terms,
        hunted.tried,
        plateau=hunted.around,
        walk=hunted.walk,
        seed=plan.seed,
    )
    return recorded(run, shown, Ran(result=result, terms=terms, source=source, honesty=honesty))


def _plan_of(plan: SearchPlan, params: Params) -> Plan:
    """Return the plan of a backtest of *params*, over what was searched."""
    return Plan(
        id=f"bt_{plan.id}",
        at=plan.at,
        market=plan.market,
        source=plan.source,
        interval=plan.interval,
        span=plan.span,
        strategy=plan.strategy(params),
        plugin=plan.plugin,
        terms=plan.terms,
    )


def _warmed_for(run: Plan, past: Past) -> Past:
    """Return *past* with no more candles before the span than the search showed the strategy."""
    before = min(past.before, run.strategy.warmup)
    candles = past.candles[past.before - before :]
    return msgspec.structs.replace(past, candles=candles, before=before)
