"""Work done by a Dask cluster. It needs the extra `cluster`, and this package on the workers."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.ports import DoneT, GivenT

_ANSWER_S = 10


class DaskExecutor:
    """Does work on the workers of the scheduler at *address*, such as tcp://10.0.0.5:8786.

    Raises:
        InvalidParameter: the extra is not installed, no scheduler answers, or it has no workers.
    """

    def __init__(self, address: str):
        self._client = _connected(address)
        # A thread each: the loop is compiled once a process, and threads share its columns.
        self._threads: int = sum(self._client.nthreads().values())
        if not self._threads:
            self._client.close()
            raise InvalidParameter(f"{address}: the scheduler has no workers", field="scheduler")
        # Nothing is taken for known because it was asked for before: a run is to be run.
        self._pool: Any = self._client.get_executor(pure=False)

    @property
    def workers(self) -> int:
        """How many threads all workers had together when this was opened."""
        return self._threads

    def submit(self, work: Callable[[GivenT], DoneT], given: GivenT) -> Future[DoneT]:
        """Have work done by the next worker that is free."""
        future: Future[DoneT] = self._pool.submit(work, given)
        return future

    def close(self) -> None:
        """Let go of the scheduler; what has not begun is dropped."""
        self._pool.shutdown(wait=True)
        self._client.close()


def _connected(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise InvalidParameter(
            "a Dask scheduler needs the extra: pip install 'trading-mcp[cluster]'",
            field="scheduler",
        ) from None
    try:
        return Client(address, timeout=_ANSWER_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise InvalidParameter(
            f"{address}: no scheduler answers: {error}", field="scheduler"
        ) from None
