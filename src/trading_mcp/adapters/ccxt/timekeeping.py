"""Signed requests carry the exchange's time: ours, and the difference measured now and then."""

import asyncio

import structlog

from trading_mcp.adapters.ccxt.asking import Asker
from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.adapters.ccxt.refusals import NOT_SENT
from trading_mcp.adapters.ccxt.skew import ExchangeTime
from trading_mcp.domain.orders import ApprovedOrder
from trading_mcp.domain.reports import VenueRefused
from trading_mcp.ports import Clock

log = structlog.get_logger(__name__)
_EVERY_S = 180.0
_WARN_MS, _MOST_MS = 1_000, 3_000
_TRIES = 3


class Timekeeper:
    """Measures the difference, lets the client sign by it, and keeps entries back if it is large.

    Cancels, questions and orders that reduce go out all the same, with the corrected time.
    *clock_is_wrong* is the exchange's code for a request that came with a wrong time.
    """

    def __init__(self, asker: Asker, clock: Clock, clock_is_wrong: str):
        self._asker, self._time = asker, ExchangeTime(asker.client, clock)
        self._clock_is_wrong = clock_is_wrong
        self._due = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        asker.client.milliseconds = clock.wall

    @property
    def skew_ms(self) -> float:
        """How far the exchange's clock is ahead of ours."""
        return self._time.skew_ms or 0.0

    def now(self) -> int:
        """Return the exchange's time, UTC ms."""
        return self._time.now()

    async def start(self) -> None:
        """Measure; raise AskFailed if the exchange does not tell its time. Then go on measuring."""
        await self._measure()
        self._task = asyncio.create_task(self._go_on())

    def stop(self) -> None:
        """Measure no more."""
        if self._task is not None:
            self._task.cancel()

    def check(self, order: ApprovedOrder) -> None:
        """Raise VenueRefused for an entry while the clocks are too far apart."""
        if abs(self.skew_ms) > _MOST_MS and not order.reduce_only:
            found = f"this machine's clock is {abs(self.skew_ms) / 1000:.1f} s off the exchange's"
            raise VenueRefused(NOT_SENT, f"{found}; {_MOST_MS / 1000:.0f} s are allowed: set it")

    def hear(self, failed: AskFailed) -> None:
        """Measure again at once if the exchange did not like our time."""
        if failed.answer is not None and failed.answer.code == self._clock_is_wrong:
            self._due.set()

    async def _go_on(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_EVERY_S):
                    await self._due.wait()
            except TimeoutError:
                pass
            self._due.clear()
            try:
                await self._measure()
            except AskFailed as failed:  # the last difference stands until there is a newer one
                log.warning("clock_not_compared", error=str(failed))

    async def _measure(self) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                skew = await self._asker.call("query", self._time.measure)
            except AskFailed:
                if attempt == _TRIES:
                    raise
            else:
                self._take(skew)
                return

    def _take(self, skew: float | None) -> None:
        if skew is None:
            raise AskFailed("the exchange does not tell its time")
        # ccxt counts the other way round: how far our clock is ahead.
        self._asker.client.options["timeDifference"] = -round(skew)
        if abs(skew) > _WARN_MS:
            log.warning("clock_is_off", ms=round(skew), most_ms=_MOST_MS)
