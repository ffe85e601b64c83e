"""Keeping one subscription alive: what ends it is told, and after a pause it is begun anew."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

log = structlog.get_logger(__name__)
_FIRST_S, _LONGEST_S = 0.25, 30.0
_LEAVE_S = 5.0


class LineCut(Exception):
    """The connection was closed on this side."""


class Recess:
    """When a line that broke is tried again: one pause for all that was on it, so that all come
    back together. It doubles with each failure, and half of it is chance."""

    def __init__(self, monotonic: Callable[[], float]):
        self._monotonic = monotonic
        self._failures, self._until = 0, 0.0

    def fail(self) -> float:
        """Note a failure; return how many seconds to wait."""
        now = self._monotonic()
        if now >= self._until:
            self._until = now + _pause(self._failures)
            self._failures += 1
        return self._until - now

    def work(self) -> None:
        """Note that something was heard."""
        self._failures = 0


async def keep_watching(
    ask: Callable[[], Awaitable[Any]],
    take: Callable[[Any], None],
    lose: Callable[[Exception], None],
    recess: Recess,
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    """Give each answer of *ask* to *take*, for ever; *lose* hears of each break.

    ccxt connects and subscribes within *ask*, once for each connection.
    """
    failures = 0
    while True:
        try:
            take(await ask())
        except asyncio.CancelledError:
            # ccxt cancels what it waits for when it closes a line: that is no wish to end this.
            if _is_cancelled():
                raise
            error: Exception = LineCut("closed")
        except Exception as fault:  # whatever ccxt or the network raised
            error = fault
        else:
            failures = 0
            recess.work()
            continue
        lose(error)
        if _is_missing(error):
            log.info("stream_not_offered", reason=str(error)[:100])
            return
        await sleep(recess.fail() if is_of_connection(error) else _pause(failures))
        failures += 1


async def unsubscribe(client: Any, name: str, interval: str) -> None:
    """Tell the exchange that a market is watched no longer, as far as it listens."""
    subscriptions: Sequence[tuple[str, str, tuple[str, ...]]] = (
        ("unWatchTrades", "un_watch_trades", (name,)),
        ("unWatchOrderBook", "un_watch_order_book", (name,)),
        ("unWatchOHLCV", "un_watch_ohlcv", (name, interval)),
    )
    for offer, method, arguments in subscriptions:
        if client.has.get(offer):
            with contextlib.suppress(Exception):  # it may tell us more than we need: no harm
                async with asyncio.timeout(_LEAVE_S):
                    await getattr(client, method)(*arguments)


def _pause(failures: int) -> float:
    return min(_FIRST_S * 2.0 ** min(failures, 10), _LONGEST_S) * random.uniform(0.5, 1.0)


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
