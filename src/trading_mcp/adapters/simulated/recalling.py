"""Asking what the markets did while nobody listened, until it is known or given up."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

from trading_mcp.ports import Clock

log = structlog.get_logger(__name__)
Recall = Callable[[str, int, int], Awaitable[None]]
"""Given a symbol and a span of time (UTC ms): fill the tape for it, by minutes."""

_TIMEOUT_S = 30.0
_AGAIN_S = 10.0
_MOST_TRIES = 6


class Recaller:
    """Knows of which markets a time is *missing*, and lets *recall* fill it in."""

    def __init__(self, recall: Recall | None, clock: Clock, missing: Iterable[str]):
        self._recall, self._clock = recall, clock
        self._tries = dict.fromkeys(missing, 0)
        self._next = dict.fromkeys(self._tries, clock.monotonic())

    def misses(self, symbol: str) -> bool:
        """Say whether something of *symbol* is missing."""
        return symbol in self._tries

    async def fill(self, symbol: str, since: int, until: int) -> bool:
        """Fill the tape from *since* to *until* (UTC ms); False: not yet, ask again later."""
        if self._clock.monotonic() < self._next[symbol]:
            return False
        nothing = self._recall is None or since >= until
        if nothing or await self._asked(symbol, since, until):
            self._forget(symbol)
            return True
        self._tries[symbol] += 1
        self._next[symbol] = self._clock.monotonic() + _AGAIN_S
        if self._tries[symbol] < _MOST_TRIES:
            return False
        log.error("market_not_recalled", symbol=symbol, since=since, until=until)
        self._forget(symbol)
        return True

    async def _asked(self, symbol: str, since: int, until: int) -> bool:
        assert self._recall is not None, "asked only where there is somebody to ask"
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._recall(symbol, since, until)
        except Exception as error:  # whatever the exchange's trouble: it is asked again
            log.warning("recall_failed", symbol=symbol, error=str(error))
            return False
        return True

    def _forget(self, symbol: str) -> None:
        self._tries.pop(symbol, None)
        self._next.pop(symbol, None)
