"""Runs and searches as they are kept: found again, page by page, and when they fail."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import msgspec

from trading_mcp.domain.backtests import KeptRun
from trading_mcp.domain.errors import InternalError, InvalidParameter, NotFound, TradingError
from trading_mcp.domain.times import iso
from trading_mcp.ports import BacktestStore
from trading_mcp.services.cursors import cursor, place
from trading_mcp.services.jobs import Job


class Rest(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of a run's rows begins."""

    id: str
    start: int


async def found(store: BacktestStore, run_id: str, *, what: str, hint: str) -> KeptRun:
    """Return what is kept of a run; *what* is the word for it. Raises NotFound."""
    kept = await store.run(run_id)
    if kept is None:
        raise NotFound(f"No {what} has the id {run_id!r}", hint=hint, **{f"{what}_id": run_id})
    return kept


async def page(
    store: BacktestStore, run_id: str, *, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the rows after the cursor *after*, and the next cursor. Raises InvalidParameter."""
    rest = place(after, Rest)
    if rest is not None and rest.id != run_id:
        raise InvalidParameter("cursor: it belongs to another run", field="cursor")
    start = rest.start if rest else 0
    rows = await store.trades(run_id, start=start, limit=limit + 1)
    further = cursor(Rest(run_id, start + limit)) if len(rows) > limit else None
    return [dict(row) for row in rows[:limit]], further


def standing(kept: KeptRun, job: Job | None) -> dict[str, Any]:
    """Return how far a run is, what was asked for, and why it failed: fields of its answer."""
    ended = kept.status == "completed"
    present = job if job is not None and not ended and not kept.error else None
    return {
        "status": present.status if present else kept.status,
        "progress": present.progress if present else float(ended),
        "doing": present.doing if present and not present.has_ended else "",
        "created_at": iso(kept.at),
        "error": kept.error,
        "code": kept.code,
        "inputs": kept.inputs,
    }


async def attended(
    work: Awaitable[None], queued: KeptRun, store: BacktestStore, *, longest_s: float
) -> None:
    """Do *work*, for at most so long; if it fails, keep why, and raise it."""
    try:
        async with asyncio.timeout(longest_s):
            await work
    except TimeoutError:
        late = InternalError(f"{queued.id} was not done after {longest_s:.0f} s")
        await store.keep(failed(queued, late))
        raise late from None
    except Exception as error:  # the boundary: a plugin may raise anything
        await store.keep(failed(queued, error))
        raise


def failed(queued: KeptRun, error: Exception) -> KeptRun:
    """Return what is kept of a run that has failed."""
    known = isinstance(error, TradingError)
    return msgspec.structs.replace(
        queued,
        status="failed",
        error=f"{error}" if known else f"{type(error).__name__}: {error}"[:300],
        code=error.code if isinstance(error, TradingError) else InternalError.code,
    )
