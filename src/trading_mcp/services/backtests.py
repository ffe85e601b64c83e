"""Backtests: started, waited for, looked up, ended."""

from collections.abc import Mapping

import msgspec

from trading_mcp.domain.backtests import KeptRun
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.engine.session import Session
from trading_mcp.ports import BacktestStore
from trading_mcp.services.backtest_plans import Planner
from trading_mcp.services.backtest_views import result_view, row_view, said, under_way
from trading_mcp.services.backtesting import Plan, Workshop, carried_out
from trading_mcp.services.beside import beside
from trading_mcp.services.cursors import cursor, place
from trading_mcp.services.jobs import Job, Jobs, waited_for
from trading_mcp.services.kept_runs import Rest, attended, found, page
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.pasts import Pasts
from trading_mcp.services.run_terms import key_of
from trading_mcp.services.shapes.backtests import (
    HEADLINE,
    PAGE,
    BacktestAnswer,
    BacktestListRequest,
    BacktestResult,
    Backtests,
    CancelBacktest,
    OfBacktest,
    RunBacktest,
)
from trading_mcp.services.shapes.common import Done
from trading_mcp.strategy.base import ENGINE_WINDOW

_WHY = "the reference names no tool: run_backtest with the same arguments waits for the same run"
LONGEST_S = 900.0
"""A run that takes longer has failed: whatever its strategy does, others wait for their turn."""
_LISTED = "GET /api/v1/backtest/results lists them; old ones are forgotten."
_FROM_DATA = 0.4


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of runs ends: the time (UTC ms) and the id of its last."""

    at: int
    id: str


class BacktestService:
    """What may be asked about backtests."""

    def __init__(
        self,
        session: Session,
        *,
        jobs: Jobs,
        pasts: Pasts,
        store: BacktestStore,
        workshop: Workshop,
        plugins: Mapping[str, str],
    ):
        self._session, self._planner = session, Planner(session, pasts, plugins)
        self._jobs, self._pasts = jobs, pasts
        self._store, self._workshop = store, workshop

    @operation("analysis", tells_progress=True)
    async def run_backtest(self, request: RunBacktest, caller: Caller) -> BacktestAnswer:
        """Run a strategy over past candles; sends no order. While it runs, repeat the call. For
        many parameters use optimize_parameters."""
        if (rest := place(request.cursor, Rest)) is not None:
            return await self._answer(await self._completed(rest.id), request)
        key = key_of(self._session, request, caller)
        job = self._jobs.same(key)
        if job is None:
            job = await self._started(self._planner.plan(request), key)
        await waited_for(job, request.wait_seconds, caller.told)
        if job.error is not None:
            raise job.error
        if job.status != "completed":
            return under_way(job)
        answer = await self._answer(await self._kept(job.id), request)
        job.is_told = True
        return answer

    @operation("analysis", rest_only=_WHY)
    async def get_backtest(self, request: OfBacktest, caller: Caller) -> BacktestResult:
        """Return one run with everything that is kept of it."""
        kept, job = await self._kept(request.backtest_id), self._jobs.job(request.backtest_id)
        trades, further = await page(
            self._store, kept.id, after=request.cursor, limit=request.limit
        )
        return result_view(kept, job, trades, further)

    @operation("analysis", rest_only=_WHY)
    async def list_backtests(self, request: BacktestListRequest, caller: Caller) -> Backtests:
        """List the runs that are kept, the newest first."""
        after = place(request.cursor, Place)
        kept = await self._store.runs(
            limit=request.limit + 1, before=(after.at, after.id) if after else None
        )
        shown = kept[: request.limit]
        last = shown[-1] if len(kept) > request.limit else None
        return Backtests(
            backtests=[row_view(run, self._jobs.job(run.id)) for run in shown],
            count=len(shown),
            next_cursor=cursor(Place(last.at, last.id)) if last else None,
        )

    @operation("analysis", "control", idempotent=True, rest_only=_WHY)
    async def cancel_backtest(self, request: CancelBacktest, caller: Caller) -> Done:
        """End a run that waits or runs; one that has ended stays as it is."""
        kept = await self._kept(request.backtest_id)
        if not self._jobs.cancel(kept.id):
            return Done(message="The backtest has ended already")
        await self._store.keep(msgspec.structs.replace(kept, status="cancelled"))
        return Done(message="Backtest cancelled")

    async def _started(self, plan: Plan, key: str) -> Job:
        async def work(job: Job) -> None:
            out = self._carry_out(plan, job)
            await attended(out, plan.queued, self._store, longest_s=LONGEST_S)

        job = self._jobs.start(plan.id, "backtest", key, work)
        await self._store.keep(plan.queued)
        return job

    async def _carry_out(self, plan: Plan, job: Job) -> None:
        job.note("candles", 0.0)
        past = await self._pasts.read(
            plan.market,
            plan.interval,
            plan.span,
            # As many as the engine shows it before its first wish.
            warmup=max(plan.strategy.warmup, ENGINE_WINDOW),
            tell=lambda share: job.note("candles", _FROM_DATA * share),
        )
        kept, trades = await beside(
            lambda: carried_out(plan, past, self._workshop, job.note), f"run-{plan.id}"
        )
        await self._store.keep(kept, trades)

    async def _completed(self, run_id: str) -> KeptRun:
        kept = await self._kept(run_id)
        if kept.status != "completed":
            raise InvalidParameter(f"cursor: {run_id} is {kept.status}", field="cursor")
        return kept

    async def _kept(self, run_id: str) -> KeptRun:
        return await found(self._store, run_id, what="backtest", hint=_LISTED)

    async def _answer(self, kept: KeptRun, request: RunBacktest) -> BacktestAnswer:
        trades, further = await page(
            self._store, kept.id, after=request.cursor, limit=request.limit or PAGE
        )
        figures = {name: kept.report["metrics"][name] for name in HEADLINE}
        return BacktestAnswer(
            id=kept.id,
            status="completed",
            message=said(kept),
            progress=1.0,
            **figures,
            metrics=kept.report["metrics"],
            warnings=kept.report["warnings"],
            findings=kept.report.get("honesty", {}).get("findings", []),
            trades=trades,
            next_cursor=further,
        )
