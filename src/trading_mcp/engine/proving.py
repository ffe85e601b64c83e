"""Proving a strategy's code and parameters before it is asked for the first time."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from trading_mcp.strategy.base import Strategy
from trading_mcp.strategy.params import build_params


async def checked(cls: type[Strategy], params: Mapping[str, Any]) -> Sequence[str]:
    """Put a strategy through the conformance check, beside the loop; return what it breaks.

    The check of a strategy that never returns never ends: then it is never asked.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Sequence[str]] = loop.create_future()

    def settle(findings: Sequence[str]) -> None:
        if not future.done():
            future.set_result(findings)

    def check() -> None:
        try:
            findings = _findings(cls, params)
        except BaseException as error:  # a plugin may raise anything at all, SystemExit too
            findings = (f"{type(error).__name__}: {error}",)
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, findings)

    # A daemon: a check that never ends must not keep the process from ending.
    threading.Thread(target=check, name=f"check-{cls.name}", daemon=True).start()
    return await future


def _findings(cls: type[Strategy], params: Mapping[str, Any]) -> Sequence[str]:
    from trading_mcp.strategy.conformance import check_strategy

    built = build_params(cls, params)
    findings = check_strategy(cls, built).findings
    # The engine reads it on its own loop from now on.
    return findings if isinstance(cls(built).warmup, int) else (*findings, "warmup is no number")
