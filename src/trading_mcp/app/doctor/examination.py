"""All checks, in the order in which what they find matters."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path

from trading_mcp.adapters.data_directory import running_server
from trading_mcp.app.doctor.connection import connection, told_of
from trading_mcp.app.doctor.directory import directory
from trading_mcp.app.doctor.findings import Finding, fail, ok
from trading_mcp.app.doctor.listeners import listeners
from trading_mcp.app.doctor.machine import machine
from trading_mcp.app.doctor.plugins import plugins
from trading_mcp.app.doctor.settings import settings_findings
from trading_mcp.config import Config
from trading_mcp.ports import Clock


async def examine(
    config: Config, *, environ: Mapping[str, str], clock: Clock, offline: bool, timeout_s: float
) -> AsyncIterator[Finding]:
    """Yield what is found, as it is found. Nothing is changed, here or at an exchange."""
    for finding in _here(config, environ):
        yield finding
    for name, settings in config.exchanges.real.items():
        if offline:
            yield ok(f"exchanges.{name}", "not asked: offline")
            continue
        equity = settings.balance_usdt if settings.mode == "paper" else None
        found = connection(name, settings, config, equity=equity, clock=clock, timeout_s=timeout_s)
        async for finding in found:
            yield finding


def _here(config: Config, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at what is on this machine."""
    path = Path(config.storage.data_dir)
    running = running_server(path)
    groups: dict[str, Iterable[Finding]] = {
        "machine": machine(),
        "data_dir": directory(path, running),
        "server": listeners(config.server, running),
        "strategies": plugins(config.strategies),
        "exchanges": settings_findings(config, environ),
    }
    yield ok("configuration", "can be used")
    for name, findings in groups.items():
        yield from _whatever_happens(name, findings)


def _whatever_happens(name: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    try:
        yield from findings
    except Exception as error:  # a check that fails must not hide what the others find
        do = "if the reason is not plain from this, report it"
        yield fail(name, f"could not be looked at: {told_of(error)}", do=do)
