"""An account at a real exchange, as the engine trades on it."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence

import structlog
from msgspec.structs import replace

from trading_mcp.adapters.ccxt.asking import Asker
from trading_mcp.adapters.ccxt.budget import Budget
from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.private_side import PrivateSide, Traded
from trading_mcp.adapters.ccxt.refusals import NOT_SENT, refusal
from trading_mcp.adapters.ccxt.sending import create, wired
from trading_mcp.adapters.ccxt.timekeeping import Timekeeper
from trading_mcp.domain.accounts import Balance, Holding
from trading_mcp.domain.orders import ApprovedOrder, Fill
from trading_mcp.domain.reports import OrderReport, VenueRefused, VenueReport

log = structlog.get_logger(__name__)
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)


class CcxtVenue:
    """Sends orders once, and takes for refused only what the exchange said is refused.

    Whatever fails raises AskFailed, whose words hold no secrets.
    """

    def __init__(
        self,
        side: PrivateSide,
        asker: Asker,
        listed: Mapping[str, Listed],
        keeper: Timekeeper,
        budget: Budget | None = None,
    ):
        self._side, self._asker, self._listed, self._keeper = side, asker, listed, keeper
        self._budget = budget

    @property
    def fence_ms(self) -> int:
        """How long after an order was sent the exchange may still accept it (wall time)."""
        return self._side.fence_ms

    @property
    def skew_ms(self) -> float:
        """How far the exchange's clock is ahead of ours."""
        return self._keeper.skew_ms

    def learn(self, client_ids: Mapping[str, str]) -> None:
        """Take in what we know from before: the client ids of orders, by the exchange's ids.

        An order that has ended may be shown by the exchange's own id alone.
        """
        for venue_id, client_id in client_ids.items():
            self._side.learn(venue_id, client_id)

    async def submit(self, order: ApprovedOrder) -> str:
        """Send *order*, once; return the exchange's id.

        Raises VenueRefused only where an answer proves it, or nothing has left.
        """
        assert _CLIENT_ID.fullmatch(order.client_id), "no exchange would take that client id"
        self._keeper.check(order)
        self._check_turn(order)
        listed = self._listed.get(order.symbol)
        if listed is None:
            raise VenueRefused(NOT_SENT, f"{order.symbol} is not traded here")
        wire = wired(order, listed, self._asker.client, self._side.params(order, listed))
        refused, venue_id = None, ""
        try:
            venue_id = await self._asker.call("order", lambda: create(self._asker.client, wire))
        except AskFailed as failed:
            self._keeper.hear(failed)
            refused = refusal(failed, self._side.refusals)
            if refused is None:
                raise
        if refused is not None:
            raise refused
        if not venue_id:
            raise AskFailed("the exchange's answer has no order id")
        self._side.learn(venue_id, order.client_id)
        return venue_id

    async def cancel(self, symbol: str, client_id: str) -> None:
        """Ask to cancel. What became of the order is in its report, not in this answer."""
        await self._side.cancel(self._market(symbol), client_id)

    async def order(self, symbol: str, client_id: str) -> OrderReport | None:
        """Return the order as the exchange has it, or None if it has never heard of it."""
        return await self._side.find(self._market(symbol), client_id)

    async def open_orders(self) -> Sequence[OrderReport]:
        """Return every order that may still trade, ours or not."""
        return await self._side.working()

    async def fills(self, symbol: str, client_id: str) -> Sequence[Fill]:
        """Return all fills of one order."""
        listed = self._market(symbol)
        report = await self._side.find(listed, client_id)
        if report is None:
            return ()
        traded = await self._side.trades_of(listed, report.venue_id)
        return _oldest_first([replace(t.fill, client_id=report.client_id) for t in traded])

    async def fills_since(self, since: int) -> Sequence[Fill]:
        """Return all fills of the account since *since* (UTC ms), oldest first, ours or not."""
        fills = [await self._named(trade) for trade in await self._side.trades_since(since)]
        return _oldest_first(fills)

    async def balances(self) -> Sequence[Balance]:
        """Return what all wallets hold together, without unrealized profit."""
        return await self._side.balances()

    async def holdings(self) -> Sequence[Holding]:
        """Return the account's perpetual positions, one per symbol."""
        return await self._side.holdings()

    async def account_reports(self, since: int) -> Sequence[VenueReport]:
        """Return funding, liquidations and transfers since *since* (UTC ms), oldest first."""
        return await self._side.moved_since(since)

    def reports(self) -> AsyncIterator[VenueReport]:
        """Yield what happens to orders; raise when the stream breaks."""
        return self._side.reports()

    async def hold_deadline(self, seconds: float | None) -> None:
        """Let the exchange cancel what rests there unless this is called again in *seconds*."""
        await self._side.set_switch(seconds)

    async def close(self) -> None:
        """End the connections. What rests at the exchange stays there."""
        self._keeper.stop()
        with contextlib.suppress(Exception):  # it is of no use any more, whatever is wrong with it
            async with asyncio.timeout(5):
                await self._asker.client.close()

    def _check_turn(self, order: ApprovedOrder) -> None:
        # It would wait, and be given up while nobody knows whether it left.
        if self._budget is not None and self._budget.banned_s > 0 and not order.reduce_only:
            wait = f"{self._budget.banned_s:.1f} s"
            raise VenueRefused(NOT_SENT, f"the exchange lets nothing through for {wait}")

    async def _named(self, trade: Traded) -> Fill:
        client_id = await self._side.client_id(self._listed[trade.fill.symbol], trade.venue_id)
        return replace(trade.fill, client_id=client_id)

    def _market(self, symbol: str) -> Listed:
        try:
            return self._listed[symbol]
        except KeyError:
            raise ValueError(f"{symbol[:40]} is not traded here") from None


def _oldest_first(fills: Sequence[Fill]) -> Sequence[Fill]:
    # Of one instant, an exchange lists the newest first.
    ordered = list(fills[::-1])
    ordered.sort(key=lambda fill: fill.at)
    return ordered
