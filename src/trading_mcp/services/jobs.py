"""Work that takes longer than a caller waits: queued, told of as it goes on, ended on request."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Literal, get_args

import msgspec
import structlog

from trading_mcp.domain.errors import InternalError, TooManyRequests, TradingError
from trading_mcp.engine.hub import Hub
from trading_mcp.ports import Clock

log = structlog.get_logger(__name__)
Kind = Literal["backtest", "optimization"]
Status = Literal["queued", "running", "completed", "failed", "cancelled"]
ENDED: frozenset[Status] = frozenset({"completed", "failed", "cancelled"})
Told = Callable[[float, str], None]
"""Hears what share of a job is done (0 to 1), and what is being done."""
_PAUSE_S = 0.25
_KEPT = 50
_RETRY_S = 10


class JobProgressed(msgspec.Struct, frozen=True, kw_only=True):
    """A job at one moment. *progress* is 0 to 1; *at* is UTC ms, by the wall clock."""

    id: str
    kind: Kind
    status: Status
    progress: float
    doing: str
    at: int


class Stopped(Exception):
    """The job was cancelled: raised in its thread, to end it."""


class Job:
    """One piece of work, and how far it is.

    *key* tells jobs that do the same from others. *result* is there once it is completed, *error*
    once it has failed. *is_told*: its result has been given to somebody.
    """

    def __init__(self, id: str, kind: Kind, key: str, publish: Callable[["Job"], None]):
        self.id, self.kind, self.key = id, kind, key
        self.status: Status = "queued"
        self.progress, self.doing = 0.0, "waiting for its turn"
        self.result: Any = None
        self.error: TradingError | None = None
        self.is_told = False
        self.listeners: list[Told] = []
        self._publish, self._loop = publish, asyncio.get_running_loop()
        self._stopped, self._heard_at = threading.Event(), 0.0
        self._ended = asyncio.Event()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in ENDED

    @property
    def words(self) -> str:
        """What to say to whoever asked for it, while it has no result."""
        if self.status == "cancelled":
            return "It was cancelled"
        doing = "waits for its turn" if self.status == "queued" else f"runs ({self.doing})"
        return f"It {doing}; ask again with the same arguments to wait on"

    def note(self, doing: str, progress: float) -> None:
        """Take down, from any thread, what is being done. Raises Stopped once it is cancelled."""
        if self._stopped.is_set():
            raise Stopped(self.id)
        self._loop.call_soon_threadsafe(self._noted, doing, progress)

    async def waited(self, seconds: float) -> bool:
        """Wait for the end, at most so long; say whether it has come."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return False
        return True

    def become(self, status: Status) -> None:
        """Change the status, and tell everybody."""
        self.status = status
        if self.has_ended:
            self._stopped.set()
            self._ended.set()
        self._tell()

    def _noted(self, doing: str, progress: float) -> None:
        if self.has_ended:
            return
        is_new, self.doing = doing != self.doing, doing
        self.progress = min(max(progress, self.progress), 1.0)
        # Whoever listens is told of what is new, and else a few times a second.
        if is_new or self._loop.time() - self._heard_at >= _PAUSE_S:
            self._tell()

    def _tell(self) -> None:
        self._heard_at = self._loop.time()
        self._publish(self)
        for listener in self.listeners:
            listener(self.progress, self.doing)


async def waited_for(job: Job, seconds: float, told: Told | None) -> None:
    """Wait for the job's end, at most so long, while *told* hears how far it is."""
    if told is None:
        await job.waited(seconds)
        return
    job.listeners.append(told)
    try:
        await job.waited(seconds)
    finally:
        with contextlib.suppress(ValueError):
            job.listeners.remove(told)


Work = Callable[[Job], Awaitable[Any]]
"""What a job does. It waits on the event loop, and computes in threads (`beside`)."""


class Jobs:
    """A lane for each kind of job, so that a search of hours holds up no backtest of a second.

    In each, *at_once* jobs run at the same time, and *waiting* more wait for their turn.
    """

    def __init__(self, hub: Hub, clock: Clock, *, at_once: int = 1, waiting: int = 20):
        self._hub, self._clock = hub, clock
        self._turns = {kind: asyncio.Semaphore(at_once) for kind in get_args(Kind)}
        self._most = at_once + waiting
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, id: str, kind: Kind, key: str, work: Work) -> Job:
        """Queue *work*. Raises TooManyRequests."""
        if (under_way := self._under_way(kind)) >= self._most:
            raise TooManyRequests(
                f"{under_way} jobs of this kind ({kind}) run or wait already",
                retry_after_s=_RETRY_S,
                hint="Wait until one has ended, or cancel one.",
            )
        job = self._jobs[id] = Job(id, kind, key, self._publish)
        self._forget()
        task = asyncio.create_task(self._run(job, work), name=id)
        self._tasks[id] = task
        task.add_done_callback(lambda _: self._tasks.pop(id, None))
        return job

    def job(self, id: str) -> Job | None:
        """Return a job that has not ended, or has ended a short while ago."""
        return self._jobs.get(id)

    def same(self, key: str) -> Job | None:
        """Return the job of this key that runs, waits, or has a result that nobody got yet."""
        for job in reversed(self._jobs.values()):
            fresh = job.status == "completed" and not job.is_told
            if job.key == key and (fresh or not job.has_ended):
                return job
        return None

    def cancel(self, id: str) -> bool:
        """End a job; False: there is none, or it has ended."""
        job, task = self._jobs.get(id), self._tasks.get(id)
        if job is None or task is None or job.has_ended:
            return False
        job.become("cancelled")
        task.cancel()
        return True

    async def close(self) -> None:
        """Cancel all of them, and wait until they have ended."""
        tasks = list(self._tasks.values())
        for id in list(self._tasks):
            self.cancel(id)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _under_way(self, kind: Kind) -> int:
        return sum(self._jobs[id].kind == kind for id in self._tasks)

    async def _run(self, job: Job, work: Work) -> None:
        async with self._turns[job.kind]:
            try:
                job.become("running")
                job.result = await work(job)
            except TradingError as error:
                job.error = error
            except (asyncio.CancelledError, Stopped):
                raise
            except Exception as error:  # whatever a plugin raised: the job has failed, not we
                log.warning("job_failed", job=job.id, exc_info=error)
                job.error = InternalError(f"{type(error).__name__}: {error}"[:300])
            job.progress = 1.0 if job.error is None else job.progress
            job.become("completed" if job.error is None else "failed")

    def _publish(self, job: Job) -> None:
        self._hub.publish(
            JobProgressed(
                id=job.id,
                kind=job.kind,
                status=job.status,
                progress=job.progress,
                doing=job.doing,
                at=self._clock.wall(),
            )
        )

    def _forget(self) -> None:
        ended = [id for id, job in self._jobs.items() if job.has_ended]
        for id in ended[: max(len(self._jobs) - _KEPT - self._most * len(self._turns), 0)]:
            del self._jobs[id]
