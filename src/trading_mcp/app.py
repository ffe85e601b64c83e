"""The composition root: builds the parts and joins them. The only place that knows which."""

import asyncio
import contextlib
import decimal
import gc
import json
import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from trading_mcp import __version__
from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.adapters.credentials.passwords import Argon2Passwords
from trading_mcp.adapters.credentials.secret import kept_secret
from trading_mcp.adapters.credentials.tokens import LEAST_BYTES, JwtTokens
from trading_mcp.adapters.data_directory import DataDirectoryLock
from trading_mcp.adapters.messengers.channels import Messenger
from trading_mcp.adapters.parquet.candles import ParquetCandleStore
from trading_mcp.adapters.simulated.build import open_simulated
from trading_mcp.adapters.simulated.ledger import LedgerEntry
from trading_mcp.adapters.sqlite.access import SqliteAccessStore
from trading_mcp.adapters.sqlite.alerts import SqliteAlerts
from trading_mcp.adapters.sqlite.database import wal_reset_warning
from trading_mcp.adapters.sqlite.history import SqliteHistory
from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.adapters.sqlite.projection import HistoryProjection
from trading_mcp.api.addresses import is_loopback
from trading_mcp.api.context import ApiContext
from trading_mcp.api.logging import configure_logging
from trading_mcp.api.rate_limits import RateLimits
from trading_mcp.config import API_KEY, Config, ConfigError, login_required, requests_limited
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
from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.hub import Hub
from trading_mcp.engine.lookout import Lookout
from trading_mcp.engine.opening import first_entries, read_state
from trading_mcp.engine.roster import Roster
from trading_mcp.engine.session import Session
from trading_mcp.engine.state import State
from trading_mcp.engine.upkeep import Upkeep
from trading_mcp.ports import Checkpoint, Clock
from trading_mcp.services.access import Access
from trading_mcp.services.alerts import AlertService
from trading_mcp.services.analysis import AnalysisService
from trading_mcp.services.announcements import Announcer
from trading_mcp.services.closing import ClosingService
from trading_mcp.services.counts import Counts
from trading_mcp.services.exchanges import ExchangeService
from trading_mcp.services.execution import ExecutionService
from trading_mcp.services.guarding import guarded
from trading_mcp.services.idempotency import Idempotency
from trading_mcp.services.market import MarketService
from trading_mcp.services.monitoring import MonitoringService
from trading_mcp.services.operations import Operation, table
from trading_mcp.services.opportunity import OpportunityService
from trading_mcp.services.orders import OrderService
from trading_mcp.services.pairs import PairService
from trading_mcp.services.patterns import PatternService
from trading_mcp.services.planning import PlanningService
from trading_mcp.services.portfolio import PortfolioService
from trading_mcp.services.positions import PositionService
from trading_mcp.services.registry import Registry
from trading_mcp.services.risk import RiskService
from trading_mcp.services.scalping import ScalpingService
from trading_mcp.services.shapes.orders import OrderAnswer
from trading_mcp.services.shapes.positions import CloseAnswer
from trading_mcp.services.signals import SignalService
from trading_mcp.services.strategies import StrategyService
from trading_mcp.services.submitting import SubmittingService
from trading_mcp.services.timeframes import TimeframeService
from trading_mcp.strategy.loader import Catalogue, discover

log = structlog.get_logger(__name__)
FAILPOINT = "TRADING_MCP_FAILPOINT"
"""For crash tests: `NAME` or `NAME:COUNT` kills the process at that step, the COUNT-th time."""

ACCESS = "access.sqlite"
"""The register of users and keys, in the data directory."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """The running parts that the faces need."""

    session: Session
    operations: Mapping[str, Operation]
    announcer: Announcer
    access: Access
    lock: DataDirectoryLock


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[Server]:
    """Open the data directory, recover, and run the engine until the block ends."""
    # Sums and products of money are exact: no context below this one rounds.
    decimal.setcontext(EXACT.copy())
    directory = Path(config.storage.data_dir)
    lock = DataDirectoryLock(directory)
    checkpoint = failpoint(os.environ.get(FAILPOINT, ""))
    hub = Hub()
    hub.listen(chronicle.tell)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(lock.release)
        wall = SystemClock()
        path = directory / "engine.sqlite"
        journal: SqliteJournal[AnyEntry] = SqliteJournal(
            path, AnyEntry, project=HistoryProjection(), checkpoint=checkpoint
        )
        stack.push_async_callback(journal.close)
        if (warning := wal_reset_warning()) is not None:
            log.warning("sqlite_version", warning=warning)
        history = SqliteHistory(path)
        stack.push_async_callback(history.close)
        exchange_journal: SqliteJournal[LedgerEntry] = SqliteJournal(
            directory / "sim.sqlite", LedgerEntry
        )
        stack.push_async_callback(exchange_journal.close)
        access = await _open_access(config, directory, wall, stack)
        state = read_state(journal)
        simulated = await open_simulated(
            config.exchanges.sim,
            clock_base=wall,
            journal=exchange_journal,
            not_before=state.now,
            checkpoint=checkpoint,
        )
        stack.push_async_callback(simulated.venue.close)
        exchanges = {
            "sim": Exchange(
                name="sim",
                data=simulated.market_data,
                venue=simulated.venue,
                source="simulated",
            )
        }
        catalogue = discover(config.strategies.enabled, prove=False)
        for plugin, reason in catalogue.broken.items():
            log.error("plugin_broken", plugin=plugin, reason=reason)
        # Not refused: who enables fewer plugins need not delete the others' settings.
        unused = set(config.strategies.settings) - set(catalogue.strategies)
        if unused:
            log.warning("strategy_settings_unused", strategies=sorted(unused))
        roster = Roster(state, {n: info.cls for n, info in catalogue.strategies.items()})
        markets = await simulated.market_data.markets()
        _must_know(state, markets)
        dispatcher = _dispatcher(config, directory / "alerts.sqlite", simulated.clock)
        stack.push_async_callback(dispatcher.close)
        session = Session(
            core=Core(
                state,
                markets,
                leverage=config.scalping.leverage,
                horizon=simulated.clock.now,
            ),
            roster=roster,
            exchanges=exchanges,
            journal=journal,
            hub=hub,
            clock=simulated.clock,
            settings=config.scalping,
            candle_store=ParquetCandleStore(directory / "candles"),
            checkpoint=checkpoint,
        )
        stack.push_async_callback(session.close)
        await dispatcher.open(state.alerts.values())
        counts = Counts(wall.monotonic)
        for listener in (dispatcher.hear, counts.hear, Lookout(session, dispatcher).hear):
            hub.listen(listener)
        await _begin(session, config)
        await Upkeep(session).open()
        operations = _operations(session, history, catalogue, counts, dispatcher)
        yield Server(
            session=session,
            operations=operations,
            announcer=Announcer(hub),
            access=access,
            lock=lock,
        )


async def _open_access(
    config: Config, directory: Path, clock: SystemClock, stack: contextlib.AsyncExitStack
) -> Access:
    """Open the register of users and keys until *stack* ends."""
    store = SqliteAccessStore(directory / ACCESS, wall=clock.wall)
    stack.callback(store.close)
    access = Access(
        store=store,
        passwords=Argon2Passwords(),
        tokens=JwtTokens(_token_secret(config, directory)),
        clock=clock,
        random_hex=secrets.token_hex,
        token_minutes=config.auth.token_minutes,
    )
    stack.push_async_callback(access.close)
    return access


def _token_secret(config: Config, directory: Path) -> Callable[[], bytes]:
    """Return what gives the secret that tokens are signed with. Raises ConfigError."""
    name = config.auth.token_secret.removeprefix("env:")
    if not name:
        return lambda: kept_secret(directory / "auth.secret")
    secret = os.environ.get(name, "").encode()
    if len(secret) < LEAST_BYTES:
        raise ConfigError(
            f"auth.token_secret: the environment variable {name} has {len(secret)} bytes; "
            f"{LEAST_BYTES} at least are expected"
        )
    return lambda: secret


@contextlib.contextmanager
def registry(config: Config) -> Iterator[Registry]:
    """Open the register of users and keys, which a running server reads too."""
    clock = SystemClock()
    store = SqliteAccessStore(Path(config.storage.data_dir) / ACCESS, wall=clock.wall)
    try:
        yield Registry(
            store=store,
            passwords=Argon2Passwords(),
            clock=clock,
            random_hex=secrets.token_hex,
        )
    finally:
        store.close()


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


def _operations(
    session: Session,
    history: SqliteHistory,
    catalogue: Catalogue,
    counts: Counts,
    dispatcher: Dispatcher,
) -> dict[str, Operation]:
    submitting = SubmittingService(session)
    closing = ClosingService(session)
    once = Idempotency(session, {OrderAnswer: submitting.resumed, CloseAnswer: closing.resumed})
    declared = table(
        ScalpingService(session, dict(catalogue.broken)),
        MarketService(session),
        ExchangeService(session),
        AnalysisService(session),
        PatternService(session),
        TimeframeService(session),
        SignalService(session, {name: i.plugin for name, i in catalogue.strategies.items()}),
        OpportunityService(session),
        PairService(session),
        submitting,
        OrderService(session, history),
        PositionService(session, history),
        closing,
        PortfolioService(session, history),
        RiskService(session),
        PlanningService(session),
        StrategyService(session, catalogue),
        ExecutionService(session, history),
        MonitoringService(session, history, counts),
        AlertService(dispatcher, session.clock),
    )
    return {name: once.wrap(operation) for name, operation in declared.items()}


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


def run_server(config: Config, *, ready_file: Path | None = None) -> None:
    """Run everything until SIGINT or SIGTERM."""
    configure_logging(config.logging.format, config.logging.level)
    _run(_serve(config, ready_file))


def run_stdio(config: Config) -> None:
    """Run the engine with MCP over standard input and output as its only face."""
    configure_logging(config.logging.format, config.logging.level)
    asyncio.run(_stdio(config))


def run_bridge(config: Config, address: str) -> None:
    """Pass MCP messages between standard input and output and the server at *address*."""
    from trading_mcp.api.mcp.stdio import bridge_stdio

    configure_logging(config.logging.format, "warning")
    key = os.environ.get(API_KEY)
    asyncio.run(bridge_stdio(f"{address}/mcp", config.mcp, key=key))


async def _serve(config: Config, ready_file: Path | None) -> None:
    from trading_mcp.api.server import bind, build_app, serve

    sockets = bind(config.server)
    async with running(config) as server:
        app = build_app(_context(config, server))

        def ready(urls: dict[str, str]) -> None:
            server.lock.announce(**urls)
            log.info("ready", **urls)
            _warn(config, server.access)
            _settle_memory()
            if ready_file is not None:
                _write_whole(ready_file, json.dumps(urls) + "\n")

        await serve(app, config.server, sockets, on_ready=ready)
    log.info("stopped")


async def _stdio(config: Config) -> None:
    from trading_mcp.api.mcp.stdio import serve_stdio

    async with running(config) as server:
        await serve_stdio(_context(config, server))


def _warn(config: Config, access: Access) -> None:
    """Tell whoever starts a server that others reach what they should know."""
    if login_required(config) and access.is_empty:
        how = "trading-mcp users add NAME, or trading-mcp keys create NAME"
        log.warning("nobody_can_come_in", do=how, data_dir=config.storage.data_dir)
    if not is_loopback(config.server.host):
        log.warning("not_encrypted", do="put a proxy that speaks TLS before it: docs/security.md")


def _context(config: Config, server: Server) -> ApiContext:
    session, clock = server.session, SystemClock()
    limits = RateLimits(config.rate_limits, wall=clock.wall, monotonic=clock.monotonic)
    return ApiContext(
        # The faces get operations only as those can run them who may.
        operations={name: guarded(operation) for name, operation in server.operations.items()},
        announcer=server.announcer,
        settings=config.server,
        version=__version__,
        uptime_s=lambda: session.uptime_s,
        exchanges={name: exchange.source for name, exchange in session.exchanges.items()},
        mcp=config.mcp,
        access=server.access,
        login_required=login_required(config),
        limits=limits if requests_limited(config) else None,
        ws_messages_per_second=config.rate_limits.ws_messages_per_second,
    )


def _run(main: Coroutine[None, None, None]) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    with contextlib.suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None


def _settle_memory() -> None:
    # A full collection of a loaded server takes 50 ms and more: what start-up made is kept out
    # of it, for it lives as long as the process.
    gc.collect()
    gc.freeze()


def _write_whole(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)
