"""What runs over history need, opened for the server: files, the queue, candles, funding."""

import asyncio
import contextlib
import os
from pathlib import Path

import msgspec
import numpy as np

from trading_mcp.adapters.sqlite.backtests import SqliteBacktests
from trading_mcp.adapters.sqlite.trials import FILE, SqliteTrialLedger
from trading_mcp.app.searching import search_room
from trading_mcp.backtest.histories import Settlements
from trading_mcp.config import Config
from trading_mcp.domain.markets import Market
from trading_mcp.domain.spans import Span
from trading_mcp.engine.session import Session
from trading_mcp.ports import BacktestStore, CandleArchive
from trading_mcp.services.backtesting import Workshop
from trading_mcp.services.jobs import Jobs
from trading_mcp.services.optimizing import SearchRoom
from trading_mcp.services.pasts import Pasts, SettlementsOf

COMPILED = "TRADING_MCP_COMPILED"
"""A folder for the compiled history loop, in place of the data directory's own."""


class Runs(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that runs over history share."""

    jobs: Jobs
    pasts: Pasts
    store: BacktestStore
    workshop: Workshop
    searches: BacktestStore
    room: SearchRoom


def open_runs(
    config: Config, directory: Path, session: Session, stack: contextlib.AsyncExitStack
) -> Runs:
    """Open them until *stack* ends. Nothing heavy is loaded before the first run."""
    store = SqliteBacktests(directory / "backtests.sqlite")
    stack.push_async_callback(store.close)
    searches = SqliteBacktests(directory / "optimizations.sqlite")
    stack.push_async_callback(searches.close)
    ledger = SqliteTrialLedger(directory / FILE)
    stack.callback(ledger.close)
    jobs = Jobs(session.hub, session.clock, at_once=1)
    stack.push_async_callback(jobs.close)
    folder = Path(os.environ.get(COMPILED) or directory / "compiled")
    return Runs(
        jobs=jobs,
        pasts=Pasts(session, lambda: _archive(directory), _settlements(config)),
        store=store,
        workshop=Workshop(folder=folder, ledger=ledger),
        searches=searches,
        room=search_room(config.search, directory, folder, ledger),
    )


def _archive(directory: Path) -> CandleArchive:
    from trading_mcp.adapters.parquet.archive import ParquetCandleArchive

    return ParquetCandleArchive(directory / "candles")


def _settlements(config: Config) -> SettlementsOf:
    """Return what knows the past funding: of the simulated exchange, which can work it out."""

    async def known(market: Market, span: Span) -> Settlements | None:
        if market.exchange != "sim" or market.type != "perpetual":
            return None
        return await asyncio.to_thread(_simulated, config.exchanges.sim.seed, market.symbol, span)

    return known


def _simulated(seed: int, symbol: str, span: Span) -> Settlements:
    from trading_mcp.adapters.simulated.lines import FUNDING_MS
    from trading_mcp.adapters.simulated.market import SeededMarket

    made = SeededMarket(seed)
    times = np.arange(-(-span.start // FUNDING_MS), -(-span.end // FUNDING_MS)) * FUNDING_MS
    return Settlements(times, np.array([made.funding_rate(symbol, int(at)) for at in times]))
