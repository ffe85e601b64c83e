"""The exchanges that the configuration names: opened, each with what it is to the engine."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from trading_mcp.adapters.ccxt.build import open_market_data
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.simulated.build import open_simulated
from trading_mcp.adapters.simulated.ledger import LedgerEntry
from trading_mcp.adapters.simulated.paper import open_paper
from trading_mcp.adapters.simulated.paper_data import PaperMarketData
from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.config import Config, ConfigError
from trading_mcp.domain.markets import ExchangeTerms, Market
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.reports import KeysRefused
from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.state import State
from trading_mcp.ports import Checkpoint, Clock

Stack = contextlib.AsyncExitStack
AHEAD_MS = 60_000
"""How far a data directory's time may lie ahead of ours for real exchanges to go on with it."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What is traded on, and the clock that trading goes by."""

    clock: Clock
    exchanges: Mapping[str, Exchange]
    markets: Sequence[Market]

    @property
    def terms(self) -> dict[str, ExchangeTerms]:
        """On what terms we trade on each exchange."""
        return {name: exchange.terms for name, exchange in self.exchanges.items()}


async def open_exchanges(
    config: Config,
    directory: Path,
    wall: Clock,
    state: State,
    checkpoint: Checkpoint,
    stack: Stack,
) -> Opened:
    """Open all exchanges until *stack* ends.

    Raises ConfigError: the data directory's books are of something else, an exchange is not to be
    reached, or its keys can't be used.
    """
    clock, exchanges = wall, dict[str, Exchange]()
    if config.exchanges.sim.enabled:
        _must_be_the_same(state, "sim", "simulated", directory)
        clock, exchanges["sim"] = await _simulated(
            config, directory, wall, state.now, checkpoint, stack
        )
    if config.exchanges.real:
        _must_not_be_ahead(state, wall, directory)
    for name, settings in config.exchanges.real.items():
        _must_be_the_same(state, name, settings.mode, directory)
        exchanges[name] = await _real(name, settings, directory, wall, checkpoint, stack)
    markets = [m for exchange in exchanges.values() for m in await exchange.data.markets()]
    return Opened(clock=clock, exchanges=exchanges, markets=markets)


async def _simulated(
    config: Config,
    directory: Path,
    wall: Clock,
    not_before: int,
    checkpoint: Checkpoint,
    stack: Stack,
) -> tuple[Clock, Exchange]:
    journal: SqliteJournal[LedgerEntry] = SqliteJournal(directory / "sim.sqlite", LedgerEntry)
    stack.push_async_callback(journal.close)
    simulated = await open_simulated(
        config.exchanges.sim,
        clock_base=wall,
        journal=journal,
        not_before=not_before,
        checkpoint=checkpoint,
    )
    stack.push_async_callback(simulated.venue.close)
    exchange = Exchange(
        name="sim", data=simulated.market_data, venue=simulated.venue, source="simulated"
    )
    return simulated.clock, exchange


async def _real(
    name: str,
    settings: ExchangeSettings,
    directory: Path,
    wall: Clock,
    checkpoint: Checkpoint,
    stack: Stack,
) -> Exchange:
    if settings.mode == "live":
        raise ConfigError(f"exchanges.{name}.mode: live is being built; paper works")
    try:
        return await _paper(name, settings, directory, wall, checkpoint, stack)
    except KeysRefused as refused:
        raise ConfigError(f"exchanges.{name}: {refused}") from None


async def _paper(
    name: str,
    settings: ExchangeSettings,
    directory: Path,
    wall: Clock,
    checkpoint: Checkpoint,
    stack: Stack,
) -> Exchange:
    """Join a real exchange's markets to an account of our own: nothing private is asked."""
    data = await open_market_data(name, settings, clock=wall)
    stack.push_async_callback(data.close)
    journal: SqliteJournal[LedgerEntry] = SqliteJournal(
        directory / f"{name}.paper.sqlite", LedgerEntry
    )
    stack.push_async_callback(journal.close)
    venue = await open_paper(
        name,
        await data.markets(),
        quotes=data,
        tape=data,
        clock=wall,
        journal=journal,
        balance=settings.balance_usdt,
        latency_ms=settings.latency_ms,
        recall=data.recall,
        checkpoint=checkpoint,
    )
    stack.push_async_callback(venue.close)
    return Exchange(
        name=name,
        data=PaperMarketData(data, venue),
        venue=venue,
        source="paper",
        terms=_terms(settings, holds_stops=True),
    )


def _terms(settings: ExchangeSettings, *, holds_stops: bool) -> ExchangeTerms:
    cap = settings.max_exposure_usd
    return ExchangeTerms(
        max_exposure=exact(cap) if cap is not None else None,
        holds_stops=holds_stops and settings.protective_stops == "exchange",
        closes_unprotected=settings.unprotected == "close",
        closes_any_size=False,
    )


def _must_be_the_same(state: State, name: str, source: str, directory: Path) -> None:
    """Raise ConfigError if the books of *name* are of another account than the configured one."""
    joined = state.joined.get(name)
    if joined is not None and joined.source != source:
        raise ConfigError(
            f"exchanges.{name}: the books in {directory} are of a {joined.source} account, the "
            f"configuration asks for {source}. Each needs a data directory of its own: set "
            "storage.data_dir"
        )


def _must_not_be_ahead(state: State, wall: Clock, directory: Path) -> None:
    """Raise ConfigError if trading time has run ahead of the wall clock, as simulations let it."""
    if state.now - wall.wall() > AHEAD_MS:
        raise ConfigError(
            f"storage.data_dir: in {directory} trading time has run ahead of the clock, on a "
            "simulated exchange. A real one needs a data directory of its own"
        )
