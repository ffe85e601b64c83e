"""Orders and trades of KuCoin's futures account: perpetuals, in contracts."""

from collections.abc import AsyncIterator
from typing import Any

from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.adapters.ccxt.kucoin.questions import Raw
from trading_mcp.adapters.ccxt.kucoin.reading import (
    client_id_of,
    futures_report,
    traded,
    venue_id_in,
    venue_id_of,
)
from trading_mcp.adapters.ccxt.kucoin.room import NO_SELF_TRADES, Room
from trading_mcp.adapters.ccxt.kucoin.windows import FILLS_MS, windows
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.private_side import Traded
from trading_mcp.domain.orders import ApprovedOrder
from trading_mcp.domain.reports import OrderReport

_PAGE = 500
_BY_OURSELVES = "trade"
"""The kind of a trade that was an order's, not a liquidation's."""


class FuturesDesk:
    """The futures account's orders. A stop stays the same order when it is reached."""

    def __init__(self, room: Room):
        self._room, self._ask = room, room.questions

    def params(self, order: ApprovedOrder) -> dict[str, Any]:
        """Return what ccxt is told of *order* besides its usual words."""
        params: dict[str, Any] = {
            "clientOrderId": order.client_id,
            "leverage": order.leverage,
            "marginMode": "ISOLATED",
            "reduceOnly": order.reduce_only,
            **NO_SELF_TRADES,
        }
        if order.stop_price is not None:
            # ccxt makes it "up" for a buy, "down" for a sale; TP is the price of the last trade.
            params |= {"triggerPrice": f"{order.stop_price:f}", "stopPriceType": "TP"}
        if order.type == "limit":
            params["timeInForce"] = "GTC"
        return params

    async def cancel(self, listed: Listed, client_id: str) -> None:
        """Cancel an order; one that is gone, or never was, stays so."""
        venue_id = venue_id_in(client_id)
        if venue_id is None:
            wire_id = self._room.wire_id(listed)
            by_client_id = "futuresPrivateDeleteOrdersClientOrderClientOid"
            if await self._ask.cancel(by_client_id, clientOid=client_id, symbol=wire_id):
                return
            # A stop may be known by KuCoin's own id alone.
            raw = await self._raw(listed, client_id)
            if raw is None or not raw.get("isActive"):
                return
            venue_id = venue_id_of(raw)
        await self._ask.cancel("futuresPrivateDeleteOrdersOrderId", orderId=venue_id)

    async def find(self, listed: Listed, client_id: str) -> OrderReport | None:
        """Return an order, None if the account has never heard of it; raise AskFailed in doubt."""
        raw = await self._raw(listed, client_id)
        return self._known(futures_report(raw, listed)) if raw else None

    async def working(self) -> list[OrderReport]:
        """Return every order that may still trade."""
        found: dict[str, OrderReport] = {}
        async for raw in self._active():
            if listed := self._room.market_of(raw, "perpetual"):
                report = futures_report(raw, listed)
                found[report.venue_id] = self._known(report)
        return list(found.values())

    async def _active(self) -> AsyncIterator[Raw]:
        # Stops first: one that is reached meanwhile is then in the second list.
        async for raw in self._ask.pages("futuresPrivateGetStopOrders", size=_PAGE):
            yield raw
        async for raw in self._ask.pages("futuresPrivateGetOrders", size=_PAGE, status="active"):
            yield raw

    async def _raw(self, listed: Listed, client_id: str) -> Raw | None:
        if (venue_id := venue_id_in(client_id)) is not None:
            return await self._ask.find("futuresPrivateGetOrdersOrderId", orderId=venue_id)
        raw = await self._ask.find("futuresPrivateGetOrdersByClientOid", clientOid=client_id)
        if raw is not None:
            return raw
        if (raw := await self._waiting(listed, client_id)) is not None:
            return raw
        if (venue_id := self._room.names.venue_id(client_id)) is None:
            return None
        raw = await self._ask.find("futuresPrivateGetOrdersOrderId", orderId=venue_id)
        if raw is None:
            raise AskFailed("KuCoin does not show an order that it has shown before")
        return raw

    async def _waiting(self, listed: Listed, client_id: str) -> Raw | None:
        symbol = self._room.wire_id(listed)
        stops = self._ask.pages("futuresPrivateGetStopOrders", size=_PAGE, symbol=symbol)
        async for raw in stops:
            if client_id_of(raw) == client_id:
                return raw
        return None

    def _known(self, report: OrderReport) -> OrderReport:
        self._room.names.learn(report.venue_id, report.client_id)
        return report


class FuturesTrades:
    """Trades of the futures account."""

    def __init__(self, room: Room):
        self._room = room

    async def of_order(self, listed: Listed, venue_id: str) -> list[Traded]:
        """Return all trades of one order."""
        return [
            traded(raw, found, self._room.coin)
            for raw, found in await self._all(orderId=venue_id)
            if _is_ours(raw)
        ]

    async def between(self, since: int, until: int) -> list[Traded]:
        """Return all trades of orders from *since* to *until* (UTC ms)."""
        raws = await self._between(since, until)
        return [traded(raw, listed, self._room.coin) for raw, listed in raws if _is_ours(raw)]

    async def forced(self, since: int, until: int) -> list[tuple[Traded, Raw]]:
        """Return what the exchange closed by itself from *since* to *until*, with its words."""
        raws = await self._between(since, until)
        return [(traded(r, listed, self._room.coin), r) for r, listed in raws if not _is_ours(r)]

    async def _between(self, since: int, until: int) -> list[tuple[Raw, Listed]]:
        found: list[tuple[Raw, Listed]] = []
        for start, end in windows(since, until, FILLS_MS):
            found += await self._all(startAt=start, endAt=end)
        return found

    async def _all(self, **which: Any) -> list[tuple[Raw, Listed]]:
        pages = self._room.questions.pages("futuresPrivateGetFills", size=_PAGE, **which)
        return [
            (raw, listed)
            async for raw in pages
            if (listed := self._room.market_of(raw, "perpetual"))
        ]


def _is_ours(raw: Raw) -> bool:
    return str(raw.get("tradeType") or _BY_OURSELVES).lower() == _BY_OURSELVES
