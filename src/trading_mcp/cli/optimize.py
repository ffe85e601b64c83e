"""`trading-mcp optimize`: many combinations of a strategy's parameters over the same candles."""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from trading_mcp.adapters.executors.settings import Kind, SearchSettings
from trading_mcp.backtest.search.batches import Dataset
from trading_mcp.backtest.search.objectives import objectives_of
from trading_mcp.backtest.search.searches import Progress, Search, Searched, search
from trading_mcp.backtest.search.spaces import Space, space_of
from trading_mcp.cli.backtest import data_of, params_given, terms_of
from trading_mcp.cli.backtest_progress import Stages, made_ready
from trading_mcp.cli.optimize_words import print_search, search_json
from trading_mcp.cli.settings import configuration
from trading_mcp.config import Config
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.strategy.base import Strategy

_MOST_OBJECTIVES = 3


def optimize(arguments: argparse.Namespace) -> int:
    """Search, and print what was found."""
    from trading_mcp.app.backtesting import compile_folder, strategy_class

    config = configuration(arguments)
    cls = strategy_class(config, arguments.strategy)
    wanted = _search(arguments, config, cls)
    stages = Stages(quiet=arguments.quiet)
    stages.tell("candles", 0.0)
    found = data_of(arguments, config)
    # Compiled here, so that it is seen, and not by every worker at the same time.
    made_ready(compile_folder(config), stages)
    result = _searched(arguments, wanted, found, compile_folder(config), stages)
    stages.end()
    ever = _noted(arguments, config, wanted, found, result)
    told = search_json(wanted, found, result, ever)
    if arguments.json:
        print(msgspec.json.encode(told).decode())
    else:
        print_search(told, arguments.top)
    return 0


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


def _searched(
    arguments: argparse.Namespace, wanted: Search, found: Any, compiled: Path, stages: Stages
) -> Searched:
    from trading_mcp.app.datasets import read_dataset, write_dataset
    from trading_mcp.app.searching import open_executor

    def show(progress: Progress) -> None:
        stages.tell(_said(progress), progress.done / max(progress.of, 1))

    executor = open_executor(_workers(arguments))
    try:
        with tempfile.TemporaryDirectory(prefix="trading-mcp-search-") as folder:
            write_dataset(Path(folder), found.data)
            dataset = Dataset(path=folder, read=read_dataset, compiled=str(compiled))
            return search(wanted, dataset, executor, show)
    finally:
        executor.close()


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


def _noted(
    arguments: argparse.Namespace, config: Config, wanted: Search, found: Any, result: Searched
) -> int | None:
    """Have the attempts counted where a data directory is; return how many there ever were."""
    from trading_mcp.app.attempts import count_attempts

    directory = Path(config.storage.data_dir)
    if not directory.is_dir():
        return None
    source = arguments.exchange or str(arguments.candles)
    return count_attempts(directory, wanted, found.data, source, result)
