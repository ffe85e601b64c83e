"""Combinations on their way: sent to wherever they are tried, and what comes back."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from trading_mcp.backtest.metrics import Metrics
from trading_mcp.backtest.readiness import ready_loop, ready_many
from trading_mcp.backtest.runs import Data
from trading_mcp.backtest.search.bench import Bench
from trading_mcp.backtest.search.spaces import Combination
from trading_mcp.backtest.terms import Terms
from trading_mcp.strategy.base import Params, Strategy
from trading_mcp.strategy.params import build_params

Reader = Callable[[str], Sequence[Data]]
"""Reads the data set at a path. It must be found by its name in another process."""


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """Data by its path, which means the same wherever combinations are tried.

    Of the first *before* candles of each market as many as a strategy asks for warm it up.
    *compiled* is the folder that keeps the loop's machine code; where it cannot be written, the
    loop is compiled for that process alone.
    """

    path: str
    read: Reader
    compiled: str
    before: int = 0


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: no data, only where it is."""

    dataset: Dataset
    strategy: type[Strategy]
    terms: Terms
    combinations: tuple[Combination, ...]
    max_candles: int = 0


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a combination came to: *metrics*, or why it has none."""

    parameters: Combination
    metrics: Metrics | None
    error: str = ""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a batch, in its order, and how many seconds its runs took.

    To read the data first, and to load the loop, is not in them.
    """

    tried: list[Tried]
    seconds: float


def try_batch(batch: Batch) -> Done:
    """Run each combination."""
    bench = _benches.of(batch.dataset)
    began = time.perf_counter()
    tried = _all_tried(bench, batch)
    return Done(tried=tried, seconds=time.perf_counter() - began)


def _all_tried(bench: Bench, batch: Batch) -> list[Tried]:
    built = [_built(batch.strategy, combination) for combination in batch.combinations]
    asked = [one for one in built if not isinstance(one, Exception)]
    found = iter(bench.try_all(batch.strategy, asked, batch.terms, batch.max_candles))
    results = [one if isinstance(one, Exception) else next(found) for one in built]
    return [_tried(*pair) for pair in zip(batch.combinations, results, strict=True)]


def _built(strategy: type[Strategy], combination: Combination) -> Params | Exception:
    try:
        return build_params(strategy, combination)
    except Exception as error:  # as what it raises later is: the others go on
        return error


def _tried(combination: Combination, result: Metrics | Exception) -> Tried:
    if isinstance(result, Exception):
        error = f"{type(result).__name__}: {result}"
        return Tried(parameters=combination, metrics=None, error=error)
    return Tried(parameters=combination, metrics=result)


class _Benches:
    """The last data set that was asked for in this process: the others' memory is given back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._dataset: Dataset | None = None
        self._bench: Bench | None = None

    def of(self, dataset: Dataset) -> Bench:
        with self._lock:
            if self._bench is None or self._dataset != dataset:
                self._bench = None
                folder = Path(dataset.compiled)
                loop, many = ready_loop(folder), ready_many(folder)
                data = dataset.read(dataset.path)
                self._bench = Bench(data, loop, dataset.before, many)
                self._dataset = dataset
            return self._bench

    def forget(self, dataset: Dataset) -> None:
        with self._lock:
            if self._dataset == dataset:
                self._bench = self._dataset = None


_benches = _Benches()


def forget(dataset: Dataset) -> None:
    """Give back what this process remembers of *dataset*."""
    _benches.forget(dataset)
