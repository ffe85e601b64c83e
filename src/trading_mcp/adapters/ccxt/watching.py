"""Keeping one subscription alive: what ends it is told, and after a pause it is begun anew."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

log = structlog.get_logger(__name__)
_FIRST_S, _LONGEST_S = 0.25, 30.0


class LineCut(Exception):
    """The connection was closed on this side."""


async def keep_watching(
    ask: Callable[[], Awaitable[Any]],
    take: Callable[[Any], None],
    lose: Callable[[Exception], None],
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    """Give each answer of *ask* to *take*, for ever; *lose* hears of each break.

    ccxt connects and subscribes within *ask*, once for each connection. The pause before the next
    try doubles with each failure, and half of it is chance.
    """
    failures = 0
    while True:
        try:
            take(await ask())
            failures = 0
            continue
        except asyncio.CancelledError:
            # ccxt cancels what it waits for when it closes a line: that is no wish to end this.
            if _is_cancelled():
                raise
            lose(LineCut("closed"))
        except Exception as error:  # whatever ccxt or the network raised
            if _is_missing(error):
                log.info("stream_not_offered", reason=str(error)[:100])
                return
            lose(error)
        await sleep(min(_FIRST_S * 2**failures, _LONGEST_S) * random.uniform(0.5, 1.0))
        failures = min(failures + 1, 10)


def is_of_connection(error: Exception) -> bool:
    """Say whether *error* means that the line itself broke, and not one subscription on it."""
    import ccxt

    return isinstance(error, (ccxt.NetworkError, LineCut, ConnectionError))


def _is_missing(error: Exception) -> bool:
    import ccxt

    return isinstance(error, ccxt.NotSupported)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
