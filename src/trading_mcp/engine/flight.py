"""Orders in flight: sending, cancelling, and settling what nobody knows."""

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping
from typing import Any

import structlog

from trading_mcp.domain import entries as e
from trading_mcp.domain.errors import ExchangeError, StorageUnavailable
from trading_mcp.domain.orders import ApprovedOrder, Order
from trading_mcp.domain.reports import OrderReport, VenueRefused
from trading_mcp.engine.core import Core
from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.histogram import Histogram
from trading_mcp.engine.ledger import Ledger
from trading_mcp.engine.settings import ScalpingSettings
from trading_mcp.ports import Checkpoint, Clock, Tripwire

log = structlog.get_logger(__name__)
ASK_EVERY_S = 1.0
TRIPWIRE = "tripwire"
"""The principal of a kill switch that was turned on by a file, a signal or the command line."""
APART_S = 2.0
"""Two lookups that find nothing must lie this far apart to count as two."""


class Flight:
    """Carries out what the core decided about orders, and tells it what came of it."""

    def __init__(
        self,
        core: Core,
        ledger: Ledger,
        exchanges: Mapping[str, Exchange],
        clock: Clock,
        settings: ScalpingSettings,
        tripwire: Tripwire | None,
        checkpoint: Checkpoint,
    ):
        self._core, self._ledger, self._exchanges = core, ledger, exchanges
        self._clock, self._settings, self._checkpoint = clock, settings, checkpoint
        self._tripwire = tripwire
        self._tasks: set[asyncio.Task[Any]] = set()
        self._settling: set[str] = set()
        # What may be asked of an exchange is little: all at once, none would get its answers.
        self._turns = {name: asyncio.Lock() for name in exchanges}
        self._cancels: dict[str, asyncio.Task[None]] = {}
        self._changes: dict[str, asyncio.Event] = {}
        ledger.listen(self._hear)

    @property
    def latencies(self) -> Histogram:
        """How long exchanges took to accept orders, since the beginning, in wall milliseconds."""
        return self._core.state.executed().latency

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* beside everything else; it is ended with the flight."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def close(self) -> None:
        """Stop everything that is under way. What is unsettled is settled at the next start."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def heed_tripwire(self) -> None:
        """Turn the kill switch on if the one outside of everything was used."""
        if self._tripwire is None or self._core.state.kill_switch is not None:
            return
        if (reason := self._tripwire.reason()) is not None:
            self._ledger.write(self._core.kill(reason, TRIPWIRE, self._clock.now()))

    async def changed(self, order_id: str, *, within: float) -> bool:
        """Wait until something is learnt about the order; False when nothing was in time."""
        event = self._changes.setdefault(order_id, asyncio.Event())
        try:
            await asyncio.wait_for(event.wait(), within)
        except TimeoutError:
            return False
        return True

    async def settled(self, order_id: str, *, within: float) -> Order:
        """Wait until the order has traded or rests at the exchange, or nobody knows.

        A market order is waited for until it has ended. Returns it as it is after *within*
        (wall seconds) at the latest.
        """
        deadline = self._clock.monotonic() + within
        while True:
            order = self._core.state.order(order_id)
            assert order is not None, "only orders of this desk are waited for"
            rests = order.status in ("open", "partial") and order.type != "market"
            left = deadline - self._clock.monotonic()
            if not order.working or order.status == "unknown" or rests or left <= 0:
                return order
            await self.changed(order_id, within=left)

    async def cancel(self, order_id: str) -> None:
        """Journal the cancel, send it, and learn what became of the order.

        Raises ExchangeError when the exchange did not say; then the cancel is sent again later.
        """
        self._ledger.write(self._core.request_cancel(order_id, self._clock.now()))
        self.cancel_again(order_id)
        if (cancelling := self._cancels.get(order_id)) is not None:
            await asyncio.shield(cancelling)

    def cancel_again(self, order_id: str) -> None:
        """Send the cancel of an order that is to be cancelled, unless one is under way."""
        order = self._core.state.orders.get(order_id)
        if order is not None and order.cancelling and order_id not in self._cancels:
            task = self._cancels[order_id] = asyncio.create_task(self._cancel(order))
            self._tasks.add(task)
            task.add_done_callback(lambda done: self._cancelled(order_id, done))

    async def _cancel(self, order: Order) -> None:
        # Its entry may fail to be written: a cancel only lowers the risk, so it goes out anyway.
        with contextlib.suppress(StorageUnavailable):
            await self._ledger.flushed()
        self._checkpoint("cancel.before_send")
        venue = self._exchanges[order.exchange].venue
        try:
            async with asyncio.timeout(self._settings.order_timeout_ms / 1000):
                await venue.cancel(order.symbol, order.client_id)
        except Exception as error:  # whatever the venue answered, only its report counts
            log.warning("cancel_unanswered", order_id=order.id, error=str(error))
        self._checkpoint("cancel.sent")
        try:
            await self.refresh(order)
        except Exception as error:  # the outcome is not known: the watch asks, and sends, again
            raise ExchangeError(
                f"{order.exchange} did not say what became of the cancel of {order.id}",
                outcome="unknown",
                order_id=order.id,
            ) from error

    def _cancelled(self, order_id: str, task: "asyncio.Task[None]") -> None:
        self._cancels.pop(order_id, None)
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("cancel_unconfirmed", order_id=order_id, error=str(error))

    async def refresh(self, order: Order) -> OrderReport | None:
        """Ask the exchange how it has the order, and take that in with all its fills."""
        venue = self._exchanges[order.exchange].venue
        async with asyncio.timeout(self._settings.order_timeout_ms / 1000):
            report = await venue.order(order.symbol, order.client_id)
        if report is not None:
            await self.take_in(report)
        return report

    async def take_in(self, report: OrderReport) -> None:
        """Take in a report; fills that it tells of and that are missing are fetched first."""
        if self._core.misses_fills(report):
            venue = self._exchanges[report.exchange].venue
            async with asyncio.timeout(self._settings.order_timeout_ms / 1000):
                fills = await venue.fills(report.symbol, report.client_id)
            for fill in fills:
                self._ledger.write(self._core.on_fill(fill))
        self._ledger.write(self._core.on_report(report))

    def is_settling(self, order_id: str) -> bool:
        """Say whether it is being found out what became of an order."""
        return order_id in self._settling

    def settle(self, order: Order) -> None:
        """Begin to find out what became of an order that nobody knows of."""
        if order.id not in self._settling:
            self._settling.add(order.id)
            self.spawn(self._settle(order))

    def _hear(self, entry: e.AnyEntry, durable: "asyncio.Future[None]") -> None:
        match entry:
            case e.OrderApproved(order=order):
                self.spawn(self._send(order, durable))
            case e.OrderChanged(order=order) | e.FillBooked(order=order):
                if order.status == "unknown":
                    self.settle(order)
                elif order.cancelling and order.venue_id is not None:
                    self.cancel_again(order.id)
                if (event := self._changes.pop(order.id, None)) is not None:
                    event.set()
            case _:
                pass

    async def _send(self, order: Order, durable: "asyncio.Future[None]") -> None:
        try:
            # Journal before send: without its entry on disk an order must not leave.
            await asyncio.shield(durable)
        except Exception as error:
            self._core.hand_out(order.id)
            why = f"the journal could not be written: {error}"
            self._ledger.write(self._core.on_not_sent(order.id, why, self._clock.now()))
            return
        self._checkpoint("order.before_send")
        self.heed_tripwire()
        approved = self._core.hand_out(order.id)
        if approved is None:
            self._ledger.write(self._core.on_kept_back(order.id, self._clock.now()))
            return
        await self._submit(order, approved)

    async def _submit(self, order: Order, approved: ApprovedOrder) -> None:
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._settings.order_timeout_ms / 1000):
                venue_id = await self._exchanges[order.exchange].venue.submit(approved)
        except VenueRefused as refusal:
            self._ledger.write(self._core.on_refused(order.id, refusal.evidence, self._clock.now()))
        except Exception as error:  # no answer is not "no": anything else leaves it unknown
            why = _uncertain(error)
            self._ledger.write(self._core.on_unknown(order.id, why, self._clock.now()))
        else:
            latency = (self._clock.monotonic() - started) * 1000
            self._checkpoint("order.accepted")
            self._ledger.write(
                self._core.on_accepted(order.id, venue_id, latency, self._clock.now())
            )

    async def _settle(self, order: Order) -> None:
        # Until the fence has passed, an exchange may still accept what was sent.
        fence_ms = max(self._settings.settle_fence_ms, self._exchanges[order.exchange].fence_ms)
        fence = self._clock.monotonic() + fence_ms / 1000
        absent_at: float | None = None
        while self._is_unknown(order):
            await asyncio.sleep(ASK_EVERY_S)
            async with self._turns[order.exchange]:
                # Its answer is of then at the earliest: it may be long in coming.
                asked_at = self._clock.monotonic()
                found = await self._looked_up(order)
            if found is not False or asked_at < fence:
                absent_at = None
            elif absent_at is None:
                absent_at = asked_at
            elif asked_at - absent_at >= APART_S:
                evidence = "not accepted: unknown to the exchange after the fence, twice"
                self._ledger.write(self._core.on_refused(order.id, evidence, self._clock.now()))
        self._settling.discard(order.id)

    def _is_unknown(self, order: Order) -> bool:
        now = self._core.state.order(order.id)
        return now is not None and now.status == "unknown"

    async def _looked_up(self, order: Order) -> bool | None:
        """Return whether the exchange has the order in any of its lists; None: no answer."""
        venue = self._exchanges[order.exchange].venue
        try:
            if await self.refresh(order) is not None:
                return True
            async with asyncio.timeout(self._settings.order_timeout_ms / 1000):
                listed = await venue.open_orders()
                fills = await venue.fills(order.symbol, order.client_id)
        except Exception as error:  # still no answer: it stays unknown
            log.warning("order_still_unknown", order_id=order.id, error=str(error))
            return None
        for fill in fills:
            self._ledger.write(self._core.on_fill(fill))
        return bool(fills) or any(o.client_id == order.client_id for o in listed)

    def _finished(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("order_task_failed", exc_info=task.exception())


def _uncertain(error: Exception) -> str:
    """Return why nobody knows what became of an order that was sent."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"no certain answer: {error}" if str(error) else f"no answer: {type(error).__name__}"
