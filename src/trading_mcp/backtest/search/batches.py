"""Combinations on their way: sent to wherever they are tried, and what comes back."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from trading_mcp.backtest.metrics import Metrics
from trading_mcp.backtest.readiness import ready_loop
from trading_mcp.backtest.runs import Data, exits_of
from trading_mcp.backtest.search.bench import Bench
from trading_mcp.backtest.search.spaces import Combination
from trading_mcp.backtest.terms import Terms
from trading_mcp.strategy.base import Strategy
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


def try_batch(batch: Batch) -> list[Tried]:
    """Run each combination; return what came of them, in the same order."""
    bench = _benches.of(batch.dataset)
    return [_tried(bench, batch, combination) for combination in batch.combinations]


def _tried(bench: Bench, batch: Batch, combination: Combination) -> Tried:
    try:
        params = build_params(batch.strategy, combination)
        exits = exits_of(params, batch.max_candles)
        terms = msgspec.structs.replace(batch.terms, exits=exits)
        metrics = bench.try_params(batch.strategy, params, terms)
    except Exception as error:  # a strategy may raise anything at all, and the others go on
        return Tried(parameters=combination, metrics=None, error=f"{type(error).__name__}: {error}")
    return Tried(parameters=combination, metrics=metrics)


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
                loop = ready_loop(Path(dataset.compiled))
                data = dataset.read(dataset.path)
                self._bench, self._dataset = Bench(data, loop, dataset.before), dataset
            return self._bench

    def forget(self, dataset: Dataset) -> None:
        with self._lock:
            if self._dataset == dataset:
                self._bench = self._dataset = None


_benches = _Benches()


def forget(dataset: Dataset) -> None:
    """Give back what this process remembers of *dataset*."""
    _benches.forget(dataset)
