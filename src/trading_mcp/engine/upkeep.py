"""What goes on all the time: listening, looking at the clock, agreeing with the exchanges."""

import asyncio
import contextlib

import structlog

from trading_mcp.domain import entries as e
from trading_mcp.domain.markets import MarketKey
from trading_mcp.domain.orders import EXTERNAL, Fill
from trading_mcp.domain.reports import (
    FundingPaid,
    Liquidated,
    OrderReport,
    Transferred,
    VenueReport,
)
from trading_mcp.engine.deadline import Deadline
from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.facts import MetricsMeasured
from trading_mcp.engine.failures import failure
from trading_mcp.engine.punctuality import Punctuality
from trading_mcp.engine.reconcile import Reconciler, doubt
from trading_mcp.engine.session import Session

log = structlog.get_logger(__name__)
TICK_S = 1.0
AGREE_EVERY_S = 10.0
AGREE_APART_S = 2.0
"""How soon it is agreed again at the earliest, when something happened that asks for it."""
FLUSH_EVERY = 600
"""Ticks between two writes of candles: each rewrites a month's file. None is lost, for what is
not on disk when the process dies can be asked for again."""


class Upkeep:
    """Keeps a session in step with time and with its exchanges."""

    def __init__(self, session: Session):
        self._session = session
        self._reconcilers = {
            name: Reconciler(session.core, session.ledger, session.flight, exchange, session.clock)
            for name, exchange in session.exchanges.items()
        }
        self._in_question = {name: asyncio.Event() for name in session.exchanges}
        session.ledger.listen(self._hear)

    async def open(self) -> None:
        """Recover, agree with the exchanges, and start what goes on until the session ends.

        An exchange or a market that gives no answer is tried again later: the others, and the
        kill switch, must not wait for it.
        """
        session = self._session
        for exchange in session.exchanges.values():
            doubt(session.core, session.ledger, exchange)
            await self.agree(exchange)
        for key in session.followed():
            await self.follow(key)
        for feed in session.feeds.values():
            session.flight.spawn(feed.run())
        for exchange in session.exchanges.values():
            session.flight.spawn(self._listen(exchange))
            session.flight.spawn(self._go_on_agreeing(exchange))
            session.flight.spawn(Punctuality(session, exchange).run())
            if exchange.deadline_s is not None:
                session.flight.spawn(Deadline(session, exchange, exchange.deadline_s).run())
        session.flight.spawn(self._tick())
        session.prove()

    def _hear(self, entry: e.AnyEntry, _durable: "asyncio.Future[None]") -> None:
        """Let what others traded, and what an exit was refused for, be looked at soon."""
        match entry:
            case e.FillBooked(order=order) if order.owner == EXTERNAL:
                self._in_question[order.exchange].set()
            case e.OrderChanged(order=order) if order.status == "rejected" and order.reduce_only:
                self._in_question[order.exchange].set()
            case e.FundsMoved(flow=flow):
                self._in_question[flow.asset.partition(":")[0]].set()
            case _:
                pass

    async def agree(self, exchange: Exchange) -> None:
        """Agree with *exchange*; what fails is logged, and tried again with the next round."""
        try:
            await self._reconcilers[exchange.name].agree()
        except Exception as error:  # whatever the adapter raised: the other exchanges go on
            log.warning("not_agreed", exchange=exchange.name, **failure(error))

    async def follow(self, key: MarketKey) -> None:
        """Watch a market; one that gives no data stays stale and is tried again."""
        try:
            await self._session.follow(key)
        except Exception as error:  # whatever the adapter raised: the other markets go on
            log.error("market_not_followed", market=key, error=str(error))
            self._session.unfollowed.add(key)
        else:
            self._session.unfollowed.discard(key)

    async def _listen(self, exchange: Exchange) -> None:
        while True:
            try:
                async for report in exchange.venue.reports():
                    await self._take_in(report)
            except Exception as error:  # it is reopened; agreeing finds what was missed
                log.error("account_stream_failed", exchange=exchange.name, **failure(error))
            await asyncio.sleep(TICK_S)

    async def _take_in(self, report: VenueReport) -> None:
        core, ledger = self._session.core, self._session.ledger
        match report:
            case OrderReport():
                await self._session.flight.take_in(report)
            case Fill():
                ledger.write(core.on_fill(report))
            case FundingPaid():
                ledger.write(core.on_funding(report))
            case Liquidated():
                ledger.write(core.on_liquidated(report))
            case Transferred():
                ledger.write(core.on_transferred(report))

    async def _go_on_agreeing(self, exchange: Exchange) -> None:
        in_question = self._in_question[exchange.name]
        while True:
            await asyncio.sleep(AGREE_APART_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(in_question.wait(), AGREE_EVERY_S - AGREE_APART_S)
            in_question.clear()
            await self.agree(exchange)
            for key in sorted(self._session.unfollowed):
                await self.follow(key)

    async def _tick(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(TICK_S)
            ticks += 1
            try:
                await self._each_second(ticks)
            except Exception:  # the watch must go on; what failed is tried again
                log.exception("tick_failed")

    async def _each_second(self, ticks: int) -> None:
        session = self._session
        session.flight.heed_tripwire()
        for key in session.stale_markets():
            session.core.standings.lose_price(key)
        session.ledger.write(session.core.on_time(session.clock.now()))
        session.hub.publish(self._measured())
        if session.core.calls_off(session.clock.now()) and session.core.working_entries():
            # Not waited for: an exchange that is silent must not hold the watch up.
            session.flight.spawn(self._sweep())
        if ticks % FLUSH_EVERY == 0:
            for feed in session.feeds.values():
                await feed.flush()

    async def _sweep(self) -> None:
        await self._session.cancel_entries()

    def _measured(self) -> MetricsMeasured:
        session = self._session
        tally, now = session.state.tally(), session.clock.now()
        return MetricsMeasured(
            total_pnl=float(tally.pnl),
            daily_pnl=float(session.state.realized("day")),
            win_rate=tally.win_rate,
            active_positions=len(session.state.positions),
            at=now,
        )
