"""The exchanges that the configuration names: opened, each with what it is to the engine."""

import asyncio
import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from trading_mcp.adapters.ccxt.account_keys import keys_of
from trading_mcp.adapters.ccxt.budget import Budget
from trading_mcp.adapters.ccxt.build import new_budget, open_market_data
from trading_mcp.adapters.ccxt.client import UnknownExchange
from trading_mcp.adapters.ccxt.data import CcxtMarketData
from trading_mcp.adapters.ccxt.live import open_venue
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.ccxt.told import ToldCandles
from trading_mcp.adapters.ccxt.venue import CcxtVenue
from trading_mcp.adapters.simulated.build import open_simulated
from trading_mcp.adapters.simulated.ledger import LedgerEntry
from trading_mcp.adapters.simulated.shadow import open_shadow
from trading_mcp.adapters.simulated.shadow_data import ShadowMarketData
from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.app.telling import told_of
from trading_mcp.config import Config, ConfigError, NotReached
from trading_mcp.domain.markets import ExchangeTerms, Market
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.quotes import NotOffered
from trading_mcp.domain.reports import KeysRefused
from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.state import State
from trading_mcp.ports import Checkpoint, Clock

Stack = contextlib.AsyncExitStack
AHEAD_MS = 60_000
"""How far a data directory's time may lie ahead of ours for real exchanges to go on with it."""


PATIENCE_S, AGAIN_S = 60.0, 5.0
"""How long a start waits for an exchange that does not answer, and how often it asks."""
log = structlog.get_logger(__name__)


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

    Raises ConfigError: the data directory's books are of something else, an exchange's keys can't
    be used, or (NotReached) it did not answer.
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
        exchange = await _real(name, settings, directory, wall, checkpoint, stack)
        if isinstance(exchange.venue, CcxtVenue):
            exchange.venue.learn(_known(state, name))
        exchanges[name] = exchange
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
    """Join a real exchange; one that does not answer is tried again for a while."""
    give_up = wall.monotonic() + PATIENCE_S
    while True:
        attempt = contextlib.AsyncExitStack()
        try:
            joined = await _joined(name, settings, directory, wall, checkpoint, attempt)
        except (KeysRefused, NotOffered, UnknownExchange) as refused:
            await attempt.aclose()
            raise ConfigError(f"exchanges.{name}: {refused}") from None
        except Exception as error:  # whatever the network or ccxt raised: it did not answer
            await attempt.aclose()
            told = told_of(error)
            if wall.monotonic() >= give_up:
                raise NotReached(
                    f"exchanges.{name}: no answer within {PATIENCE_S:g} s ({told}). Nothing is "
                    "wrong with the settings: start the server again when the exchange answers"
                ) from error
            log.warning("exchange_not_reached", exchange=name, error=told)
            await asyncio.sleep(AGAIN_S)
        else:
            stack.push_async_exit(attempt)
            return joined


async def _joined(
    name: str,
    settings: ExchangeSettings,
    directory: Path,
    wall: Clock,
    checkpoint: Checkpoint,
    stack: Stack,
) -> Exchange:
    budget = new_budget(name, settings, wall)
    data = await open_market_data(name, settings, clock=wall, budget=budget)
    stack.push_async_callback(data.close)
    if settings.mode == "live":
        return await _live(name, settings, directory, wall, data, budget, stack)
    return await _paper(name, settings, directory, wall, data, checkpoint, stack)


async def _paper(
    name: str,
    settings: ExchangeSettings,
    directory: Path,
    wall: Clock,
    data: CcxtMarketData,
    checkpoint: Checkpoint,
    stack: Stack,
) -> Exchange:
    """Join a real exchange's markets to an account of our own: nothing private is asked."""
    journal: SqliteJournal[LedgerEntry] = SqliteJournal(
        directory / f"{name}.paper.sqlite", LedgerEntry
    )
    stack.push_async_callback(journal.close)
    venue = await open_shadow(
        name,
        await data.markets(),
        quotes=data.quotes,
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
        data=ShadowMarketData(data, venue),
        past=ToldCandles(data),
        venue=venue,
        source="paper",
        terms=_terms(settings),
    )


async def _live(
    name: str,
    settings: ExchangeSettings,
    directory: Path,
    wall: Clock,
    data: CcxtMarketData,
    budget: Budget,
    stack: Stack,
) -> Exchange:
    """Join the account that the keys belong to."""
    # In a thread: the key file is slow to open, and a person may be asked for its passphrase.
    keys = await asyncio.to_thread(keys_of, name, settings, directory, os.environ)
    if keys is None:
        raise KeysRefused(
            f"no keys are set for live trading: trading-mcp exchange-keys set {name}, or name "
            f"environment variables in exchanges.{name}.api_key and secret"
        )
    venue = await open_venue(name, settings, keys, clock=wall, budget=budget, loaded=data.loaded)
    stack.push_async_callback(venue.close)
    return Exchange(
        name=name,
        data=data,
        past=ToldCandles(data),
        venue=venue,
        source="live",
        terms=_terms(settings),
        fence_ms=venue.fence_ms,
        deadline_s=settings.deadline_seconds or None,
    )


def _terms(settings: ExchangeSettings) -> ExchangeTerms:
    cap = settings.max_exposure_usd
    return ExchangeTerms(
        max_exposure=exact(cap) if cap is not None else None,
        holds_stops=settings.protective_stops == "exchange",
        closes_unprotected=settings.unprotected == "close",
        closes_any_size=False,
    )


def _known(state: State, exchange: str) -> dict[str, str]:
    """Return our client ids by the ids that *exchange* gave our orders, working ones last."""
    orders = [*state.ended.values(), *state.orders.values()]
    return {o.venue_id: o.client_id for o in orders if o.exchange == exchange and o.venue_id}


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
