"""`trading-mcp optimize`: many combinations of a strategy's parameters over the same candles."""

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from trading_mcp.adapters.executors.settings import Kind, SearchSettings
from trading_mcp.backtest.runs import Data
from trading_mcp.backtest.search.batches import Dataset
from trading_mcp.backtest.search.choosing import params_of_best
from trading_mcp.backtest.search.objectives import objectives_of
from trading_mcp.backtest.search.searches import Progress, Search, Searched, search
from trading_mcp.backtest.search.spaces import Space, space_of
from trading_mcp.cli.backtest import data_of, params_given, terms_of
from trading_mcp.cli.backtest_fits import must_fit
from trading_mcp.cli.backtest_progress import Stages, made_ready
from trading_mcp.cli.judging import print_findings, source_of
from trading_mcp.cli.optimize_doubts import (
    Best,
    best_run,
    judged,
    page_of_best,
    walked,
)
from trading_mcp.cli.optimize_words import print_search, search_json
from trading_mcp.cli.report import must_be_writable, write_page
from trading_mcp.cli.settings import configuration
from trading_mcp.config import Config
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.trials import Tried
from trading_mcp.strategy.base import Strategy

_MOST_OBJECTIVES = 3


def optimize(arguments: argparse.Namespace) -> int:
    """Search, and print what was found."""
    from trading_mcp.app.attempts import proven
    from trading_mcp.app.backtesting import compile_folder, strategy_class

    must_fit(arguments)
    must_be_writable(arguments.html)
    config = configuration(arguments)
    cls = strategy_class(config, arguments.strategy)
    wanted = _search(arguments, config, cls)
    stages = Stages(quiet=arguments.quiet)
    stages.tell("proof", 0.0)
    proven(config, cls)
    stages.tell("candles", 0.0)
    found = data_of(arguments, config)
    # Compiled here, so that it is seen, and not by every worker at the same time.
    loop, _ = made_ready(compile_folder(config), stages)
    hunt = _Hunt(arguments, config, wanted, stages)
    result = hunt.over(found.data)
    walk, warnings = walked(arguments, wanted, found.data, hunt.over, loop)
    # Counted last: what the walk tried counts too, or the same search would be told less.
    ever = hunt.counted(found.data, result)
    told = search_json(wanted, found, result, ever.count, walk, warnings)
    if (best := best_run(wanted, found.data, result, loop)) is not None:
        told["honesty"] = msgspec.to_builtins(judged(wanted, result, best, ever, walk))
    stages.end()
    if arguments.json:
        print(msgspec.json.encode(told).decode())
    else:
        print_search(told, arguments.top)
        if best is not None:
            print_findings(told["honesty"])
    if arguments.html is not None:
        _write_page(arguments, wanted, found, best, told, stages)
    return 0


def _write_page(
    arguments: argparse.Namespace,
    wanted: Search,
    found: Any,
    best: Best | None,
    told: dict[str, Any],
    stages: Stages,
) -> None:
    if best is None:
        raise InvalidParameter("--html: no combination has a score, so there is nothing to draw")
    run = page_of_best(arguments, wanted, found, best) | {"honesty": told["honesty"]}
    markets = {data.market: data.candles for data in found.data}
    stages.say(write_page(arguments.html, run, markets))


def _search(arguments: argparse.Namespace, config: Config, cls: type[Strategy]) -> Search:
    several = _MOST_OBJECTIVES if arguments.method == "nsga2" else 1
    return Search(
        space=_space(arguments, cls),
        method=arguments.method,
        objectives=objectives_of(arguments.objective or ["sharpe_ratio"], most=several),
        terms=terms_of(arguments, config, cls.params_type()),
        max_candles=arguments.max_candles,
        trials=arguments.trials,
        seed=arguments.seed,
    )


def _space(arguments: argparse.Namespace, cls: type[Strategy]) -> Space:
    try:
        given = msgspec.json.decode(arguments.space, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise InvalidParameter(f"--space: expected a JSON object: {error}") from None
    return space_of(cls, given, params_given(arguments))


class _Hunt:
    """A search that may be made over several stretches of time, each attempt counted."""

    def __init__(
        self, arguments: argparse.Namespace, config: Config, wanted: Search, stages: Stages
    ):
        self._arguments, self._config = arguments, config
        self._wanted, self._stages = wanted, stages

    def over(self, data: Sequence[Data]) -> Searched:
        """Search *data*, and count each attempt; return what was found.

        Raises:
            NotProven: the best fails the proof.
        """
        from trading_mcp.app.attempts import proven

        found = self._searched(data)
        self.counted(data, found)
        if (best := params_of_best(self._wanted, found)) is not None:
            proven(self._config, self._wanted.space.strategy, best)
        return found

    def counted(self, data: Sequence[Data], found: Searched) -> Tried:
        """Count what was *found*, once however often it is asked; return what was ever tried."""
        from trading_mcp.app.attempts import count_attempts

        source = source_of(self._arguments)
        return count_attempts(self._config, self._wanted, data, source, found)

    def _searched(self, data: Sequence[Data]) -> Searched:
        from trading_mcp.app.backtesting import compile_folder
        from trading_mcp.app.datasets import read_dataset, write_dataset
        from trading_mcp.app.searching import open_executor

        executor = open_executor(_workers(self._arguments))
        try:
            with tempfile.TemporaryDirectory(prefix="trading-mcp-search-") as folder:
                write_dataset(Path(folder), data)
                compiled = str(compile_folder(self._config))
                dataset = Dataset(path=folder, read=read_dataset, compiled=compiled)
                return search(self._wanted, dataset, executor, self._show)
        finally:
            executor.close()

    def _show(self, progress: Progress) -> None:
        self._stages.tell(_said(progress), progress.done / max(progress.of, 1))


def _workers(arguments: argparse.Namespace) -> SearchSettings:
    kind: Kind = arguments.executor or ("dask" if arguments.scheduler else "threads")
    return SearchSettings(
        executor=kind,
        workers=arguments.workers or os.cpu_count() or 1,
        scheduler=arguments.scheduler or "",
    )


def _said(progress: Progress) -> str:
    best = "" if progress.best_score is None else f", best {progress.best_score:.4g}"
    left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
    return f"{progress.done:,} of {progress.of:,} combinations{best}{left}"
