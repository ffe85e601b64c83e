"""Columns that have been worked out before: a search asks for the same ones again and again."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar

from trading_mcp.domain.candles import Column

Key = tuple[str, tuple[tuple[int, ...], ...], str]
Work = Callable[[], list[Column]]


class Shelf:
    """What was worked out from *columns*, for whoever asks for it while the shelf is in use.

    The columns must be read-only, and are kept: nothing else can come to lie where they do. Of what
    is worked out at most *most_bytes* are kept, the newest. Threads may share it.
    """

    def __init__(self, columns: Iterable[Column], *, most_bytes: int):
        self._columns = tuple(columns)
        self._spans = [_span(column) for column in self._columns]
        self._most, self._bytes, self._lock = most_bytes, 0, threading.Lock()
        self._kept: dict[Key, list[Column]] = {}

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Let what is asked for in here be taken from this shelf, and put on it."""
        before = _shelf.set(self)
        try:
            yield
        finally:
            _shelf.reset(before)

    def knows(self, columns: Sequence[Column]) -> bool:
        """Say whether all of *columns* are these, or parts of them."""
        return all(not column.flags.writeable and self._has(_span(column)) for column in columns)

    def answer(self, key: Key, work: Work) -> list[Column]:
        """Return what *work* answers, or has answered; it is the caller's own."""
        kept = self._kept.get(key)
        if kept is None:
            kept = work()
            self._keep(key, kept)
        return [column.copy() for column in kept]

    def _has(self, span: tuple[int, int]) -> bool:
        return any(start <= span[0] and span[1] <= end for start, end in self._spans)

    def _keep(self, key: Key, columns: list[Column]) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = columns
            self._bytes += _size(columns)
            while self._bytes > self._most:
                self._bytes -= _size(self._kept.pop(next(iter(self._kept))))


def shared(
    name: str, columns: Sequence[Column], parameters: Mapping[str, float], work: Work
) -> list[Column]:
    """Return what *work* makes of *columns* and *parameters*: itself, or the shelf in use."""
    shelf = _shelf.get()
    if shelf is None or not shelf.knows(columns):
        return work()
    places = tuple((*_span(column), *column.strides) for column in columns)
    return shelf.answer((name, places, repr(parameters)), work)


_shelf: ContextVar[Shelf | None] = ContextVar("shelf", default=None)


def _span(column: Column) -> tuple[int, int]:
    start: int = column.__array_interface__["data"][0]
    reach = (len(column) - 1) * column.strides[0] + column.itemsize if len(column) else 0
    return start, start + reach


def _size(columns: Sequence[Column]) -> int:
    return sum(column.nbytes for column in columns)
