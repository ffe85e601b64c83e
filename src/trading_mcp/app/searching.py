"""What searches for parameters need, opened for the server and for commands."""

import os
import shutil
from pathlib import Path

import msgspec

from trading_mcp.adapters.executors.settings import SearchSettings
from trading_mcp.app.datasets import read_dataset, write_dataset
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.ports import Executor, TrialLedger
from trading_mcp.services.optimizing import SearchRoom


def search_room(
    settings: SearchSettings, directory: Path, compiled: Path, ledger: TrialLedger
) -> SearchRoom:
    """Return what the server's searches need. Nothing is started before one runs."""
    folder = directory / "searches"
    # What is there was left by a server that was killed: no search outlives its server.
    shutil.rmtree(folder, ignore_errors=True)
    return SearchRoom(
        folder=folder,
        compiled=compiled,
        ledger=ledger,
        executor=lambda candles: open_executor(_fitting(settings, candles)),
        read=read_dataset,
        write=write_dataset,
    )


SMALL = 1_000_000
"""Candles in all runs together: for so few, starting processes takes longer than the work."""


def _fitting(settings: SearchSettings, candles: int) -> SearchSettings:
    """Return *settings*, but threads in place of processes for a search of so few *candles*."""
    if settings.executor == "processes" and candles <= SMALL:
        return msgspec.structs.replace(settings, executor="threads")
    return settings


def open_executor(settings: SearchSettings) -> Executor:
    """Return who does the work. Raises InvalidParameter: the cluster cannot be reached."""
    workers = settings.workers or max(1, (os.cpu_count() or 2) - 1)
    match settings.executor:
        case "threads":
            from trading_mcp.adapters.executors.threads import ThreadExecutor

            return ThreadExecutor(workers)
        case "processes":
            from trading_mcp.adapters.executors.processes import ProcessExecutor

            return ProcessExecutor(workers)
        case "dask":
            from trading_mcp.adapters.executors.dask import DaskExecutor

            if not settings.scheduler:
                raise InvalidParameter(
                    "search.scheduler: expected the address of a Dask scheduler",
                    field="search.scheduler",
                )
            return DaskExecutor(settings.scheduler)
