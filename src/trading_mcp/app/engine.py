"""The engine and all that it stands on: opened, joined, run, and closed in the reverse order."""

import contextlib
import decimal
import os
import secrets
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.adapters.data_directory import DataDirectoryLock
from trading_mcp.adapters.messengers.channels import Messenger
from trading_mcp.adapters.parquet.candles import ParquetCandleStore
from trading_mcp.adapters.sqlite.alerts import SqliteAlerts
from trading_mcp.adapters.sqlite.database import wal_reset_warning
from trading_mcp.adapters.sqlite.history import SqliteHistory
from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.adapters.sqlite.projection import HistoryProjection
from trading_mcp.adapters.tripwire import KILL, FileTripwire
from trading_mcp.app.access import open_access
from trading_mcp.app.exchanges import open_exchanges
from trading_mcp.app.operations import operations
from trading_mcp.app.runs import open_runs
from trading_mcp.config import Config, ConfigError
from trading_mcp.domain.alerts import CONFIGS
from trading_mcp.domain.entries import AnyEntry
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT
from trading_mcp.domain.orders import Order
from trading_mcp.domain.positions import Position
from trading_mcp.engine import chronicle
from trading_mcp.engine.core import Core
from trading_mcp.engine.dispatch import Dispatcher
from trading_mcp.engine.hub import Hub
from trading_mcp.engine.lookout import Lookout
from trading_mcp.engine.opening import first_entries, read_state
from trading_mcp.engine.roster import Roster
from trading_mcp.engine.session import Session
from trading_mcp.engine.state import State
from trading_mcp.engine.upkeep import Upkeep
from trading_mcp.ports import Checkpoint, Clock
from trading_mcp.services.access import Access
from trading_mcp.services.announcements import Announcer
from trading_mcp.services.counts import Counts
from trading_mcp.services.operations import Operation
from trading_mcp.strategy.loader import Catalogue, discover

log = structlog.get_logger(__name__)
FAILPOINT = "TRADING_MCP_FAILPOINT"
"""For crash tests: `NAME` or `NAME:COUNT` kills the process at that step, the COUNT-th time."""
Stack = contextlib.AsyncExitStack


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """The running parts that the faces need."""

    session: Session
    operations: Mapping[str, Operation]
    announcer: Announcer
    access: Access
    lock: DataDirectoryLock
    tripwire: FileTripwire


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[Server]:
    """Open the data directory, recover, and run the engine until the block ends."""
    # Sums and products of money are exact: no context below this one rounds.
    decimal.setcontext(EXACT.copy())
    directory, wall = Path(config.storage.data_dir), SystemClock()
    lock = DataDirectoryLock(directory)
    checkpoint = failpoint(os.environ.get(FAILPOINT, ""))
    tripwire = FileTripwire(directory / KILL)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(lock.release)
        journal, history = _storage(directory, checkpoint, stack)
        access = open_access(config, directory, wall, stack)
        state = read_state(journal)
        opened = await open_exchanges(config, directory, wall, state, checkpoint, stack)
        clock, markets = opened.clock, opened.markets
        _must_know(state, markets)
        _tell(state)
        catalogue = _catalogue(config)
        dispatcher = _dispatcher(config, directory / "alerts.sqlite", clock)
        stack.push_async_callback(dispatcher.close)
        session = Session(
            core=Core(
                state,
                markets,
                leverage=config.scalping.leverage,
                horizon=clock.now,
                terms=opened.terms,
            ),
            roster=Roster(state, {n: info.cls for n, info in catalogue.strategies.items()}),
            exchanges=opened.exchanges,
            journal=journal,
            hub=_hub(),
            clock=clock,
            settings=config.scalping,
            candle_store=ParquetCandleStore(directory / "candles"),
            tripwire=tripwire,
            checkpoint=checkpoint,
        )
        stack.push_async_callback(session.close)
        counts = await _listening(session, dispatcher, wall)
        await _begin(session, config)
        await Upkeep(session).open()
        yield Server(
            session=session,
            operations=operations(
                session,
                history,
                catalogue,
                counts,
                dispatcher,
                open_runs(config, directory, session, stack),
            ),
            announcer=Announcer(session.hub),
            access=access,
            lock=lock,
            tripwire=tripwire,
        )


def _storage(
    directory: Path, checkpoint: Checkpoint, stack: Stack
) -> tuple[SqliteJournal[AnyEntry], SqliteHistory]:
    path = directory / "engine.sqlite"
    journal: SqliteJournal[AnyEntry] = SqliteJournal(
        path, AnyEntry, project=HistoryProjection(), checkpoint=checkpoint
    )
    stack.push_async_callback(journal.close)
    if (warning := wal_reset_warning()) is not None:
        log.warning("sqlite_version", warning=warning)
    history = SqliteHistory(path)
    stack.push_async_callback(history.close)
    return journal, history


def _catalogue(config: Config) -> Catalogue:
    catalogue = discover(config.strategies.enabled, prove=False)
    for plugin, reason in catalogue.broken.items():
        log.error("plugin_broken", plugin=plugin, reason=reason)
    # Not refused: who enables fewer plugins need not delete the others' settings.
    unused = set(config.strategies.settings) - set(catalogue.strategies)
    if unused:
        log.warning("strategy_settings_unused", strategies=sorted(unused))
    return catalogue


def _hub() -> Hub:
    hub = Hub()
    hub.listen(chronicle.tell)
    return hub


async def _listening(session: Session, dispatcher: Dispatcher, wall: Clock) -> Counts:
    """Let those who report and alert hear what happens; return the one who counts it."""
    await dispatcher.open(session.state.alerts.values())
    counts = Counts(wall.monotonic)
    for listener in (dispatcher.hear, counts.hear, Lookout(session, dispatcher).hear):
        session.hub.listen(listener)
    return counts


def _dispatcher(config: Config, path: Path, clock: Clock) -> Dispatcher:
    settings = config.alerts
    messenger = Messenger(
        allow_private=settings.allow_private_targets, timeout_ms=settings.timeout_ms, clock=clock
    )
    return Dispatcher(dict.fromkeys(CONFIGS, messenger), SqliteAlerts(path), clock)


def _must_know(state: State, markets: Sequence[Market]) -> None:
    """Raise ConfigError if something is held on a market that is not there any more."""
    held: list[Position | Order] = [*state.positions.values(), *state.orders.values()]
    gone = {item.market for item in held} - {market.key for market in markets}
    if gone:
        raise ConfigError(
            f"{', '.join(sorted(gone))}: positions or orders are held there, but no configured "
            "exchange has the market. Configure it again."
        )


def _tell(state: State) -> None:
    """Say what was found: after a crash the first thing that people look for."""
    if state.installation:
        log.info(
            "recovered",
            positions=len(state.positions),
            working_orders=len(state.orders),
            kill_switch=state.kill_switch is not None,
            entries=state.seq,
        )


async def _begin(session: Session, config: Config) -> None:
    """Write a new data directory's first entries, and those of strategies it has not seen."""
    at = session.clock.now()
    if not session.state.installation:
        try:
            entries = first_entries(
                at=at,
                installation=secrets.token_hex(4),
                parameters=config.risk.parameters(),
                mode=config.risk.mode,
                scalping=config.scalping,
                markets=tuple(session.core.markets.values()),
            )
        except ValueError as error:
            raise ConfigError(str(error)) from None
        await session.record(*entries)
    try:
        newcomers = session.roster.newcomers(config.strategies.settings, at)
    except InvalidParameter as error:
        raise ConfigError(f"strategies.settings: {error.message}") from None
    if newcomers:
        await session.record(*newcomers)


def failpoint(setting: str) -> Checkpoint:
    """Return what is called at each step: nothing, or a kill at the step named in *setting*."""
    name, _, count = setting.partition(":")
    left = int(count or 1)

    def reached(step: str) -> None:
        nonlocal left
        if step == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return reached if name else lambda step: None
