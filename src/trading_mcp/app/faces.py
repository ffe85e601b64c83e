"""Running the server: behind HTTP, on standard input and output, or as a bridge to another."""

import asyncio
import contextlib
import gc
import json
import os
from collections.abc import Callable, Coroutine
from pathlib import Path

import structlog

from trading_mcp import __version__
from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.adapters.tripwire import hold_signal, start_signal_listener
from trading_mcp.api.addresses import is_loopback
from trading_mcp.api.context import ApiContext
from trading_mcp.api.logging import configure_logging
from trading_mcp.api.rate_limits import RateLimits
from trading_mcp.app.engine import Server, running
from trading_mcp.config import API_KEY, Config, login_required, requests_limited
from trading_mcp.services.access import Access
from trading_mcp.services.guarding import guarded

log = structlog.get_logger(__name__)


def run_server(config: Config, *, ready_file: Path | None = None) -> None:
    """Run everything until SIGINT or SIGTERM."""
    hold_signal()
    configure_logging(config.logging.format, config.logging.level)
    _run(_serve(config, ready_file))


def run_stdio(config: Config) -> None:
    """Run the engine with MCP over standard input and output as its only face."""
    hold_signal()
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
        start_signal_listener(server.tripwire)
        app = build_app(context(config, server))

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
        start_signal_listener(server.tripwire)
        await serve_stdio(context(config, server))


def _warn(config: Config, access: Access) -> None:
    """Tell whoever starts a server that others reach what they should know."""
    if login_required(config) and access.is_empty:
        how = "trading-mcp users add NAME, or trading-mcp keys create NAME"
        log.warning("nobody_can_come_in", do=how, data_dir=config.storage.data_dir)
    if not is_loopback(config.server.host):
        log.warning("not_encrypted", do="put a proxy that speaks TLS before it: docs/security.md")


def context(config: Config, server: Server) -> ApiContext:
    """Return what the faces are given of *server*."""
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
