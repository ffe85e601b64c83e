"""Searches for parameters: started, waited for, looked up, ended."""

import asyncio

import msgspec

from trading_mcp.domain.backtests import KeptRun
from trading_mcp.domain.errors import InternalError, InvalidParameter, NotFound
from trading_mcp.ports import BacktestStore
from trading_mcp.services.backtests import Rest, waited_for
from trading_mcp.services.beside import beside
from trading_mcp.services.cursors import cursor, place
from trading_mcp.services.jobs import Job, Jobs
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.optimization_plans import SearchPlanner
from trading_mcp.services.optimization_views import (
    completed,
    failed_search,
    result_view,
    under_way,
)
from trading_mcp.services.optimizing import SearchPlan, SearchRoom, searched
from trading_mcp.services.pasts import Pasts
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

_WHY = (
    "the reference names no tool: optimize_parameters with the same arguments waits for the same "
    "search"
)
LONGEST_S = 4 * 3600.0
"""A search that takes longer has failed: others wait for their turn."""
_FROM_DATA = 0.4


class OptimizationService:
    """What may be asked about searches for parameters."""

    def __init__(
        self,
        *,
        planner: SearchPlanner,
        jobs: Jobs,
        pasts: Pasts,
        store: BacktestStore,
        room: SearchRoom,
    ):
        self._planner, self._jobs, self._pasts = planner, jobs, pasts
        self._store, self._room = store, room
        self._estimates: dict[str, float] = {}

    @operation("analysis", tells_progress=True)
    async def optimize_parameters(
        self, request: OptimizeParameters, caller: Caller
    ) -> OptimizationAnswer:
        """Search a strategy's best parameters over past candles. Sends no order. While it runs,
        call again with the same arguments."""
        key = self._planner.key(request, caller)
        job = self._jobs.same(key)
        if job is None:
            job = await self._started(request, key)
        await waited_for(job, request.wait_seconds, caller)
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
        rest = place(request.cursor, Rest)
        if rest is not None and rest.id != kept.id:
            raise InvalidParameter("cursor: it belongs to another search", field="cursor")
        start, limit = rest.start if rest else 0, request.limit
        rows = await self._store.trades(kept.id, start=start, limit=limit + 1)
        further = cursor(Rest(kept.id, start + limit)) if len(rows) > limit else None
        page = msgspec.convert([*rows[:limit]], list[CombinationResult])
        estimate = self._estimates.get(kept.id)
        return result_view(kept, self._jobs.job(kept.id), estimate, page, further)

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
        job = self._jobs.start(plan.id, "optimization", key, lambda job: self._run(plan, job))
        await self._store.keep(plan.queued)
        return job

    async def _run(self, plan: SearchPlan, job: Job) -> None:
        try:
            async with asyncio.timeout(LONGEST_S):
                await self._carry_out(plan, job)
        except TimeoutError:
            late = InternalError(f"{plan.id} was not done after {LONGEST_S:.0f} s")
            await self._store.keep(failed_search(plan, late))
            raise late from None
        except Exception as error:  # the boundary: a plugin may raise anything
            await self._store.keep(failed_search(plan, error))
            raise
        finally:
            self._estimates.pop(plan.id, None)

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

        kept, rows = await beside(
            lambda: searched(plan, past, self._room, job.note, estimate), f"search-{plan.id}"
        )
        await self._store.keep(kept, rows)

    async def _kept(self, run_id: str) -> KeptRun:
        kept = await self._store.run(run_id)
        if kept is None:
            raise NotFound(
                f"No optimization has the id {run_id!r}",
                hint="Old ones are forgotten.",
                optimization_id=run_id,
            )
        return kept
