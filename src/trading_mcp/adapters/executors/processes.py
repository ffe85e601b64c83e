"""Work done in processes of this machine: for strategies that leave threads no room."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor

from trading_mcp.ports import DoneT, GivenT


class ProcessExecutor:
    """Does work in *workers* processes, which are started when there is something to do."""

    def __init__(self, workers: int):
        self._workers = workers
        # Not forked from here: a copy of a process with threads may stand still for ever.
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(workers, mp_context=context)

    @property
    def workers(self) -> int:
        """How many processes there are."""
        return self._workers

    def submit(self, work: Callable[[GivenT], DoneT], given: GivenT) -> Future[DoneT]:
        """Have work done by the next process that is free."""
        return self._pool.submit(work, given)

    def close(self) -> None:
        """Wait for what has begun, and end the processes; what has not begun is dropped."""
        self._pool.shutdown(cancel_futures=True)
