"""Agreeing with the exchange: orders, fills, transfers, balances, before the first decision and
after.
"""

import asyncio
from collections.abc import Sequence

import structlog

from trading_mcp.domain import entries as e
from trading_mcp.domain.orders import Order
from trading_mcp.domain.reports import FundingPaid, Liquidated, OrderReport, Transferred
from trading_mcp.domain.times import DAY_MS, MINUTE_MS
from trading_mcp.engine import balances
from trading_mcp.engine.balances import Differences
from trading_mcp.engine.core import Core
from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.flight import Flight
from trading_mcp.engine.ledger import Ledger
from trading_mcp.ports import Clock

log = structlog.get_logger(__name__)
TIMEOUT_S = 10.0
OVERLAP_MS, FILLS_OVERLAP_MS = DAY_MS, 10 * MINUTE_MS
"""How far back what is known already is asked for again; it is booked once all the same."""
RECONCILING = "reconciling"
"""What an exchange is in doubt about until our books agree with its own."""


class Reconciler:
    """Brings our state into line with one exchange, as often as it is asked to."""

    def __init__(
        self, core: Core, ledger: Ledger, flight: Flight, exchange: Exchange, clock: Clock
    ):
        self._core, self._ledger, self._flight = core, ledger, flight
        self._exchange, self._clock = exchange, clock
        self._agreed_at: int | None = None
        self._differences = Differences(core, ledger, exchange)
        core.doubt(exchange.name, RECONCILING, "has not said yet what the account there holds")

    async def agree(self) -> None:
        """Agree on orders, fills, transfers, funding and balances.

        Raises what the exchange raises; what could be done until then is done, and nothing is
        opened there until it has been done whole.
        """
        name = self._exchange.name
        try:
            await self._agree()
        except Exception:
            self._core.doubt(name, RECONCILING, "did not answer what the account there holds")
            raise
        self._core.trust(name, RECONCILING)

    async def _agree(self) -> None:
        now, founding = self._clock.now(), balances.is_founding(self._core, self._exchange)
        if not founding:
            listed = await self._take_in_orders()
            await self._take_in_fills()
            await self._take_in_reports()
            await self._adopt(listed)
        if await self._differences.compare(founding=founding):
            await self._look_again()
        if founding:
            self._join(now)
            await self._adopt(await self._listed())
        self._agreed_at = now

    async def _look_again(self) -> None:
        """Ask for what others did between the questions, before a difference counts as one."""
        await self._take_in_fills()
        await self._take_in_reports()
        await self._differences.compare(founding=False)

    def _join(self, at: int) -> None:
        joined = e.ExchangeJoined(at=at, exchange=self._exchange.name, source=self._exchange.source)
        self._ledger.write(self._core.record(joined))

    async def _take_in_orders(self) -> Sequence[OrderReport]:
        listed = await self._listed()
        by_client_id = {report.client_id: report for report in listed}
        for order in self._ours():
            await self._settle(order, by_client_id.get(order.client_id))
        return listed

    async def _listed(self) -> Sequence[OrderReport]:
        async with asyncio.timeout(TIMEOUT_S):
            return await self._exchange.venue.open_orders()

    async def _settle(self, order: Order, report: OrderReport | None) -> None:
        if order.status == "approved":
            return  # on its way: its answer is being waited for
        if report is None and self._flight.is_settling(order.id):
            return  # it is asked about already, and what may be asked is little
        try:
            if report is not None:
                await self._flight.take_in(report)
            elif await self._flight.refresh(order) is None:
                # Neither listed nor known: where it went has to be found out, like at its start.
                why = f"{order.exchange} does not know it any more"
                self._ledger.write(self._core.on_unknown(order.id, why, self._clock.now()))
        except Exception as error:  # this order stays as it is known; the others are asked for
            log.warning("order_not_refreshed", order_id=order.id, error=str(error))
        now = self._core.state.orders.get(order.id)
        if now is not None and now.status == "unknown":
            self._flight.settle(now)
        self._flight.cancel_again(order.id)

    async def _take_in_fills(self) -> None:
        """Book what traded that no report told of: the stream may look well and still lose some."""
        async with asyncio.timeout(TIMEOUT_S):
            fills = await self._exchange.venue.fills_since(self._since(FILLS_OVERLAP_MS))
        for fill in fills:
            self._ledger.write(self._core.on_fill(fill))

    async def _take_in_reports(self) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            reports = await self._exchange.venue.account_reports(self._since(OVERLAP_MS))
        for report in reports:
            match report:
                case FundingPaid():
                    self._ledger.write(self._core.on_funding(report))
                case Liquidated():
                    self._ledger.write(self._core.on_liquidated(report))
                case Transferred():
                    self._ledger.write(self._core.on_transferred(report))
                case _:
                    pass

    async def _adopt(self, listed: Sequence[OrderReport]) -> None:
        """Take in orders that may trade and that we do not count as working."""
        for report in listed:
            order = self._core.state.order_of(report.client_id)
            if order is not None and order.status in ("rejected", "abandoned"):
                # Taken for dead, and listed all the same: its own report says which is true.
                await self._flight.refresh(order)
            elif order is None:
                self._ledger.write(self._core.on_foreign(report, self._exchange.name))

    def _ours(self) -> list[Order]:
        orders = tuple(self._core.state.orders.values())
        return [order for order in orders if order.exchange == self._exchange.name]

    def _since(self, overlap: int) -> int:
        """Return from when on to ask: what lies before we joined is in the opening balance."""
        state = self._core.state
        joined = state.joined.get(self._exchange.name)
        agreed = self._agreed_at if self._agreed_at is not None else state.now
        return max(agreed - overlap, joined.at if joined is not None else 0, 0)


def doubt(core: Core, ledger: Ledger, exchange: Exchange) -> None:
    """After a start: what was approved may or may not have been sent. Nobody knows yet."""
    why = "the server stopped before the exchange's answer was recorded"
    for order in tuple(core.state.orders.values()):
        if order.exchange == exchange.name and order.status == "approved":
            ledger.write(core.on_unknown(order.id, why, core.state.now))
