"""The queue of long work."""

import asyncio
import threading

import pytest

from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.domain.errors import InternalError, InvalidParameter, TooManyRequests
from trading_mcp.engine.hub import Hub
from trading_mcp.services.beside import beside
from trading_mcp.services.jobs import JobProgressed, Jobs, Stopped


class Heard(list[JobProgressed]):
    """What the hub was told."""


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def jobs(heard: Heard):
    hub = Hub()
    hub.listen(heard.append)
    made = Jobs(hub, SystemClock(), at_once=1, waiting=2)
    yield made
    await made.close()


async def test_jobs_take_turns(jobs: Jobs):
    order, gate = [], asyncio.Event()

    async def work(job):
        order.append(f"{job.id} begins")
        await gate.wait()
        order.append(f"{job.id} ends")

    made = [jobs.start(name, "backtest", name, work) for name in ("a", "b")]
    await asyncio.sleep(0)
    gate.set()
    assert [await job.waited(5) for job in made] == [True, True]
    assert order == ["a begins", "a ends", "b begins", "b ends"]


async def test_a_long_search_holds_up_no_backtest_and_fills_no_place_of_one(jobs: Jobs):
    async def forever(job):
        await asyncio.Event().wait()

    async def quick(job):
        return job.id

    for name in ("s1", "s2", "s3"):
        jobs.start(name, "optimization", name, forever)
    with pytest.raises(TooManyRequests, match="optimization"):
        jobs.start("s4", "optimization", "s4", forever)
    run = jobs.start("a", "backtest", "a", quick)

    assert await run.waited(5)
    assert run.result == "a"


async def test_more_than_the_queue_holds_are_refused(jobs: Jobs):
    async def forever(job):
        await asyncio.Event().wait()

    for name in "abc":
        jobs.start(name, "backtest", name, forever)
    with pytest.raises(TooManyRequests):
        jobs.start("d", "backtest", "d", forever)

    assert jobs.cancel("b")
    await asyncio.sleep(0.01)
    jobs.start("d", "backtest", "d", forever)


async def test_a_cancelled_job_ends_at_once_and_its_thread_soon(jobs: Jobs):
    began, left = threading.Event(), threading.Event()

    def compute(job) -> None:
        began.set()
        try:
            while True:
                job.note("computing", 0.5)
        except Stopped:
            left.set()
            raise

    job = jobs.start("a", "backtest", "a", lambda job: beside(lambda: compute(job), "a"))
    assert await asyncio.to_thread(began.wait, 5)
    assert jobs.cancel("a")

    assert await job.waited(0)
    assert job.status == "cancelled"
    assert await asyncio.to_thread(left.wait, 5)
    assert not jobs.cancel("a")


async def test_a_job_that_fails_says_why(jobs: Jobs):
    async def refused(job):
        raise InvalidParameter("no")

    async def broken(job):
        raise ZeroDivisionError("division by zero")

    made = [jobs.start(work.__name__, "backtest", "k", work) for work in (refused, broken)]
    for job in made:
        await job.waited(5)

    assert [job.status for job in made] == ["failed", "failed"]
    assert isinstance(made[0].error, InvalidParameter)
    assert isinstance(made[1].error, InternalError)
    assert "ZeroDivisionError" in made[1].error.message


async def test_progress_goes_on_only_and_is_told(jobs: Jobs, heard: Heard):
    async def work(job):
        for what, share in (("first", 0.3), ("second", 0.1), ("third", 0.6)):
            job.note(what, share)

    job = jobs.start("a", "backtest", "a", work)
    await job.waited(5)

    assert (heard[0].status, heard[0].doing) == ("running", "waiting for its turn")
    assert [fact.progress for fact in heard] == sorted(fact.progress for fact in heard)
    assert (heard[-1].status, heard[-1].progress) == ("completed", 1.0)


async def test_who_asks_the_same_gets_the_same_job_until_its_result_is_told(jobs: Jobs):
    async def work(job):
        return 5

    job = jobs.start("a", "backtest", "key", work)
    assert jobs.same("key") is job
    await job.waited(5)
    assert jobs.same("key") is job
    job.is_told = True
    assert jobs.same("key") is None
    assert jobs.job("a") is job


async def test_work_beside_the_loop_raises_what_it_raises():
    with pytest.raises(KeyError):
        await beside(lambda: {}["x"], "t")
    with pytest.raises(RuntimeError, match="SystemExit"):
        await beside(lambda: (_ for _ in ()).throw(SystemExit(2)), "t")
