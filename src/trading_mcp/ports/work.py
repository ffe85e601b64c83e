"""Where work is done."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

GivenT = TypeVar("GivenT")
DoneT = TypeVar("DoneT")


class Executor(Protocol):
    """Where work is done: in threads, in processes, on other machines.

    What is sent and what comes back must be able to travel: functions by their names, data by the
    path at which it lies.
    """

    @property
    def workers(self) -> int:
        """How many pieces of work are done at the same time."""
        ...

    def submit(self, work: Callable[[GivenT], DoneT], given: GivenT) -> Future[DoneT]:
        """Have *work* done with *given*, as soon as there is room. What it raises, the future does.

        A future that is cancelled before its work has begun costs nothing more.
        """
        ...

    def close(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        ...
