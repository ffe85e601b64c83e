"""All checks, in the order in which what they find matters."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from trading_mcp.adapters.data_directory import running_server
from trading_mcp.app.doctor.account import account
from trading_mcp.app.doctor.books import books
from trading_mcp.app.doctor.connection import connection
from trading_mcp.app.doctor.directory import directory
from trading_mcp.app.doctor.findings import Finding, fail, ok
from trading_mcp.app.doctor.listeners import listeners
from trading_mcp.app.doctor.machine import machine
from trading_mcp.app.doctor.plugins import plugins
from trading_mcp.app.doctor.settings import settings_findings
from trading_mcp.app.telling import told_of
from trading_mcp.config import Config
from trading_mcp.ports import Clock


async def examine(
    config: Config, *, environ: Mapping[str, str], clock: Clock, offline: bool, timeout_s: float
) -> AsyncIterator[Finding]:
    """Yield what is found, as it is found. Nothing is changed, here or at an exchange."""
    for finding in _here(config, environ, clock):
        yield finding
    for name in config.exchanges.real:
        if offline:
            yield ok(f"exchanges.{name}", "not asked: offline")
            continue
        found = _there(name, config, environ=environ, clock=clock, timeout_s=timeout_s)
        async for finding in _whatever_happens_there(f"exchanges.{name}", found):
            yield finding


async def _there(
    name: str, config: Config, *, environ: Mapping[str, str], clock: Clock, timeout_s: float
) -> AsyncIterator[Finding]:
    """Look at one exchange; at its account only where real money is to be traded."""
    settings, funds = config.exchanges.real[name], None
    if settings.mode == "paper":
        funds = settings.balance_usdt
    else:
        data_dir = Path(config.storage.data_dir)
        opened = await account(
            name, settings, data_dir, environ=environ, clock=clock, timeout_s=timeout_s
        )
        for finding in opened.findings:
            yield finding
        funds = opened.funds
    found = connection(name, settings, config, equity=funds, clock=clock, timeout_s=timeout_s)
    async for finding in found:
        yield finding


def _here(config: Config, environ: Mapping[str, str], clock: Clock) -> Iterator[Finding]:
    """Look at what is on this machine."""
    path = Path(config.storage.data_dir)
    running = _holder(path)
    groups: dict[str, Iterable[Finding]] = {
        "machine": machine(),
        "data_dir": directory(path, running),
        "books": books(config, path, clock),
        "server": listeners(config.server, running),
        "strategies": plugins(config.strategies),
        "exchanges": settings_findings(config, environ),
    }
    yield ok("configuration", "can be used")
    for name, findings in groups.items():
        yield from _whatever_happens(name, findings)


def _holder(path: Path) -> dict[str, Any] | None:
    try:
        return running_server(path)
    except OSError:
        return None  # whatever is the matter with the directory, its own checks tell


def _whatever_happens(name: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    try:
        yield from findings
    except Exception as error:  # a check that fails must not hide what the others find
        yield _not_looked_at(name, error)


async def _whatever_happens_there(
    name: str, findings: AsyncIterator[Finding]
) -> AsyncIterator[Finding]:
    try:
        async for finding in findings:
            yield finding
    except Exception as error:  # as above
        yield _not_looked_at(name, error)


def _not_looked_at(name: str, error: Exception) -> Finding:
    do = "if the reason is not plain from this, report it"
    return fail(name, f"could not be looked at: {told_of(error)}", do=do)
