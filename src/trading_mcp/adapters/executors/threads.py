"""Work done in threads: for work that leaves the others room, as compiled loops do."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from trading_mcp.ports import DoneT, GivenT


class ThreadExecutor:
    """Does work in *workers* threads of this process: nothing has to travel."""

    def __init__(self, workers: int):
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="search")

    @property
    def workers(self) -> int:
        """How many threads there are."""
        return self._workers

    def submit(self, work: Callable[[GivenT], DoneT], given: GivenT) -> Future[DoneT]:
        """Have work done by the next thread that is free."""
        return self._pool.submit(work, given)

    def close(self) -> None:
        """Wait for what has begun; what has not is dropped."""
        self._pool.shutdown(cancel_futures=True)
