"""Searches for parameters: started, waited for, looked up, ended."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from trading_mcp.domain.backtests import KeptRun
from trading_mcp.engine.session import Session
from trading_mcp.ports import BacktestStore
from trading_mcp.services.beside import beside
from trading_mcp.services.jobs import Job, Jobs, waited_for
from trading_mcp.services.kept_runs import attended, found, page
from trading_mcp.services.loading import Note, loaded_loop, planning_loaded
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.optimization_plans import SearchPlanner
from trading_mcp.services.optimization_views import completed, result_view, under_way
from trading_mcp.services.optimizing import SearchPlan, SearchRoom
from trading_mcp.services.pasts import Past, Pasts
from trading_mcp.services.run_terms import key_of
from trading_mcp.services.shapes.common import Done
from trading_mcp.services.shapes.optimization import (
    PAGE,
    CancelOptimization,
    CombinationResult,
    OfOptimization,
    OptimizationAnswer,
    OptimizationResult,
    OptimizeParameters,
)

if TYPE_CHECKING:
    from trading_mcp.services.searching import Kept

Estimate = Callable[[float], None]
_WHY = (
    "the reference names no tool: optimize_parameters with the same arguments waits for the same "
    "search"
)
LONGEST_S = 4 * 3600.0
"""A search that takes longer has failed: others wait for their turn."""
_FROM_DATA = 0.1


class OptimizationService:
    """What may be asked about searches for parameters. The run of the best is kept in *runs*."""

    def __init__(
        self,
        session: Session,
        *,
        jobs: Jobs,
        pasts: Pasts,
        store: BacktestStore,
        runs: BacktestStore,
        room: SearchRoom,
        plugins: Mapping[str, str],
    ):
        self._session, self._planner = session, SearchPlanner(session, pasts, plugins)
        self._jobs, self._pasts = jobs, pasts
        self._store, self._runs, self._room = store, runs, room
        self._estimates: dict[str, float] = {}

    @operation("analysis", tells_progress=True)
    async def optimize_parameters(
        self, request: OptimizeParameters, caller: Caller
    ) -> OptimizationAnswer:
        """Search a strategy's best parameters over past candles; walk_forward tests out of
        sample. While it runs, repeat the call."""
        await planning_loaded()
        key = key_of(self._session, request, caller)
        job = self._jobs.same(key)
        if job is None:
            job = await self._started(request, key)
        await waited_for(job, request.wait_seconds, caller.told)
        if job.error is not None:
            raise job.error
        if job.status != "completed":
            return under_way(job, self._estimates.get(job.id))
        answer = completed(
            await self._kept(job.id), await self._store.trades(job.id, start=0, limit=PAGE)
        )
        job.is_told = True
        return answer

    @operation("analysis", rest_only=_WHY)
    async def get_optimization(self, request: OfOptimization, caller: Caller) -> OptimizationResult:
        """Return one search with everything that is kept of it."""
        kept = await self._kept(request.optimization_id)
        rows, further = await page(self._store, kept.id, after=request.cursor, limit=request.limit)
        results = msgspec.convert(rows, list[CombinationResult])
        estimate = self._estimates.get(kept.id)
        return result_view(kept, self._jobs.job(kept.id), estimate, results, further)

    @operation("analysis", "control", idempotent=True, rest_only=_WHY)
    async def cancel_optimization(self, request: CancelOptimization, caller: Caller) -> Done:
        """End a search that waits or runs; one that has ended stays as it is."""
        kept = await self._kept(request.optimization_id)
        if not self._jobs.cancel(kept.id):
            return Done(message="The optimization has ended already")
        await self._store.keep(msgspec.structs.replace(kept, status="cancelled"))
        return Done(message="Optimization cancelled")

    async def _started(self, request: OptimizeParameters, key: str) -> Job:
        plan = self._planner.plan(request)

        async def work(job: Job) -> None:
            out = self._carry_out(plan, job)
            try:
                await attended(out, plan.queued, self._store, longest_s=LONGEST_S)
            finally:
                self._estimates.pop(plan.id, None)

        job = self._jobs.start(plan.id, "optimization", key, work)
        await self._store.keep(plan.queued)
        return job

    async def _carry_out(self, plan: SearchPlan, job: Job) -> None:
        job.note("candles", 0.0)
        past = await self._pasts.read(
            plan.market,
            plan.interval,
            plan.span,
            warmup=plan.warmup,
            tell=lambda share: job.note("candles", _FROM_DATA * share),
        )

        def estimate(seconds: float) -> None:
            self._estimates[plan.id] = seconds

        kept = await beside(
            lambda: _searched(plan, past, self._room, job.note, estimate), f"search-{plan.id}"
        )
        if kept.best is not None:
            await self._runs.keep(*kept.best)
        await self._store.keep(kept.search, kept.rows)

    async def _kept(self, run_id: str) -> KeptRun:
        hint = "Old ones are forgotten."
        return await found(self._store, run_id, what="optimization", hint=hint)


def _searched(
    plan: SearchPlan, past: Past, room: SearchRoom, note: Note, estimate: Estimate
) -> "Kept":
    loop = loaded_loop(room.compiled, note, _FROM_DATA)
    from trading_mcp.services.searching import searched

    return searched(plan, past, room, loop, note, estimate)
