"""Proving a strategy's code before it is asked for the first time."""

import asyncio
import threading
from collections.abc import Sequence

from trading_mcp.strategy.base import Strategy


async def checked(strategy: Strategy) -> Sequence[str]:
    """Put *strategy* through the conformance check, beside the loop; return what it breaks.

    The check of a strategy that never returns never ends: then it is never asked.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Sequence[str]] = loop.create_future()

    def settle(findings: Sequence[str]) -> None:
        if not future.done():
            future.set_result(findings)

    def check() -> None:
        from trading_mcp.strategy.conformance import check_strategy

        try:
            findings = check_strategy(type(strategy), strategy.params).findings
        except Exception as error:  # a plugin may raise anything at all
            findings = (f"{type(error).__name__}: {error}",)
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, findings)

    # A daemon: a check that never ends must not keep the process from ending.
    threading.Thread(target=check, name=f"check-{strategy.name}", daemon=True).start()
    return await future
