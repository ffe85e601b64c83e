"""Orders of KuCoin's spot account, of the classic kind or the high-frequency one."""

from typing import Any

import msgspec
from msgspec.structs import replace

from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.adapters.ccxt.kucoin.followers import follower_of
from trading_mcp.adapters.ccxt.kucoin.questions import Raw, objects
from trading_mcp.adapters.ccxt.kucoin.reading import (
    by_venue_id,
    client_id_of,
    spot_report,
    stop_report,
    venue_id_in,
    waits_for_stop,
)
from trading_mcp.adapters.ccxt.kucoin.room import NO_SELF_TRADES, Room
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.domain.orders import ApprovedOrder
from trading_mcp.domain.reports import OrderReport
from trading_mcp.domain.times import MINUTE_MS

PAGE = 500
BATCH = 100
_STOP_BY_CLIENT_ID = "privateGetStopOrderQueryOrderByClientOid"


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """What ccxt calls the paths of one kind of spot account."""

    by_client_id: str
    by_id: str
    cancel_by_client_id: str
    cancel_by_id: str
    names_symbol: bool


CLASSIC = Ways(
    by_client_id="privateGetOrderClientOrderClientOid",
    by_id="privateGetOrdersOrderId",
    cancel_by_client_id="privateDeleteOrderClientOrderClientOid",
    cancel_by_id="privateDeleteOrdersOrderId",
    names_symbol=False,
)
HIGH_FREQUENCY = Ways(
    by_client_id="privateGetHfOrdersClientOrderClientOid",
    by_id="privateGetHfOrdersOrderId",
    cancel_by_client_id="privateDeleteHfOrdersClientOrderClientOid",
    cancel_by_id="privateDeleteHfOrdersOrderId",
    names_symbol=True,
)


class SpotDesk:
    """The spot account's orders. One that waits for its stop is kept apart there until then."""

    def __init__(self, room: Room, ways: Ways):
        self._room, self._ways = room, ways
        self._ask = room.questions

    def params(self, order: ApprovedOrder) -> dict[str, Any]:
        """Return what ccxt is told of *order* besides its usual words."""
        params: dict[str, Any] = {"clientOrderId": order.client_id, **NO_SELF_TRADES}
        if order.stop_price is not None:
            # ccxt makes it "entry" for a buy, "loss" for a sale: the ways a stop of ours goes.
            params["stopLossPrice"] = f"{order.stop_price:f}"
        if order.type == "limit":
            params["timeInForce"] = "GTC"
        return params

    async def cancel(self, listed: Listed, client_id: str) -> None:
        """Cancel an order wherever it is; one that is gone, or never was, stays so."""
        wire_id = self._room.wire_id(listed)
        if (venue_id := venue_id_in(client_id)) is not None:
            if not await self._ask.cancel(self._ways.cancel_by_id, **self._key(wire_id, venue_id)):
                await self._ask.cancel("privateDeleteStopOrderOrderId", orderId=venue_id)
            return
        key = {"clientOid": client_id, "symbol": wire_id}
        normal = key if self._ways.names_symbol else {"clientOid": client_id}
        if not await self._ask.cancel(self._ways.cancel_by_client_id, **normal):
            await self._ask.cancel("privateDeleteStopOrderCancelOrderByClientOid", **key)

    async def find(self, listed: Listed, client_id: str) -> OrderReport | None:
        """Return an order, None if the account has never heard of it; raise AskFailed in doubt."""
        if (raw := await self.normal(listed, client_id)) is not None:
            return self._known(spot_report(raw, listed))
        stop = await self._stop(listed, client_id)
        if stop is None:
            # It may have become an order between the two questions.
            raw = await self._late(listed, client_id)
            return self._known(spot_report(raw, listed)) if raw else None
        if stop.get("status") == "NEW":
            return self._known(stop_report(stop, listed, "open"))
        if not stop.get("stopTriggerTime"):
            return self._known(stop_report(stop, listed, "cancelled"))
        followed = await follower_of(self, stop, listed, self._room.now())
        return self._known(replace(followed, client_id=client_id_of(stop)))

    async def working(self) -> list[OrderReport]:
        """Return every order that may still trade."""
        found = [spot_report(raw, listed) for raw, listed in await self._active()]
        stops = self._ask.pages("privateGetStopOrder", size=PAGE, tradeType="TRADE")
        async for raw in stops:
            if raw.get("status") == "NEW" and (listed := self._room.market_of(raw, "spot")):
                found.append(stop_report(raw, listed, "open"))
        return [self._known(report) for report in found]

    async def around(self, listed: Listed, since: int) -> list[Raw]:
        """Return a market's orders of the minute from *since* (UTC ms), whatever became of them."""
        key = {"symbol": self._room.wire_id(listed), "startAt": since, "endAt": since + MINUTE_MS}
        if self._ways.names_symbol:
            active = objects(await self._ask.ask("privateGetHfOrdersActive", symbol=key["symbol"]))
            done = self._ask.batches("privateGetHfOrdersDone", size=BATCH, **key)
            return [*active, *[raw async for raw in done]]
        found: list[Raw] = []
        for status in ("active", "done"):
            pages = self._ask.pages("privateGetOrders", size=PAGE, status=status, **key)
            found += [raw async for raw in pages]
        return found

    async def normal(self, listed: Listed, client_id: str) -> Raw | None:
        """Return an order that does not wait for its stop."""
        wire_id = self._room.wire_id(listed)
        if (venue_id := venue_id_in(client_id)) is not None:
            raw = await self._ask.find(self._ways.by_id, **self._key(wire_id, venue_id))
            # One whose stop was not reached is kept elsewhere, and what it says here is no end.
            return None if raw is not None and waits_for_stop(raw) else raw
        symbol = {"symbol": wire_id} if self._ways.names_symbol else {}
        return await self._ask.find(self._ways.by_client_id, clientOid=client_id, **symbol)

    async def _stop(self, listed: Listed, client_id: str) -> Raw | None:
        if (venue_id := venue_id_in(client_id)) is None:
            wire_id = self._room.wire_id(listed)
            found = await self._ask.find(_STOP_BY_CLIENT_ID, clientOid=client_id, symbol=wire_id)
            if found is not None:
                return found
            # By client id, only those that wait may be shown; by KuCoin's own, all of them.
            venue_id = self._room.names.venue_id(client_id)
        if venue_id is None:
            return None
        return await self._ask.find("privateGetStopOrderOrderId", orderId=venue_id)

    async def _late(self, listed: Listed, client_id: str) -> Raw | None:
        """Look for an order that became one between two questions, or is shown no more."""
        if (raw := await self.normal(listed, client_id)) is not None:
            return raw
        if not self._ways.names_symbol and (raw := await self._ended(listed, client_id)):
            return raw
        if self._room.names.venue_id(client_id) is not None:
            raise AskFailed("KuCoin does not show an order that it has shown before")
        return None

    async def _ended(self, listed: Listed, client_id: str) -> Raw | None:
        # The classic account may show by client id only what can still trade.
        pages = self._ask.pages(
            "privateGetOrders", size=PAGE, status="done", symbol=self._room.wire_id(listed)
        )
        async for raw in pages:
            if client_id in (raw.get("clientOid"), by_venue_id(str(raw.get("id")))):
                return raw
        return None

    async def _active(self) -> list[tuple[Raw, Listed]]:
        if not self._ways.names_symbol:
            pages = self._ask.pages("privateGetOrders", size=PAGE, status="active")
            raws = [raw async for raw in pages]
        else:
            data = await self._ask.ask("privateGetHfOrdersActiveSymbols")
            raws = []
            for symbol in data.get("symbols") or ():
                raws += objects(await self._ask.ask("privateGetHfOrdersActive", symbol=symbol))
        return [(raw, listed) for raw in raws if (listed := self._room.market_of(raw, "spot"))]

    def _key(self, wire_id: str, venue_id: str) -> dict[str, str]:
        symbol = {"symbol": wire_id} if self._ways.names_symbol else {}
        return {"orderId": venue_id, **symbol}

    def _known(self, report: OrderReport) -> OrderReport:
        self._room.names.learn(report.venue_id, report.client_id)
        return report
