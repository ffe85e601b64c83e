"""A KuCoin account: spot, of either kind, and futures, asked as one."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from trading_mcp.adapters.ccxt.kucoin import money, statements
from trading_mcp.adapters.ccxt.kucoin.codes import REFUSALS
from trading_mcp.adapters.ccxt.kucoin.futures import FuturesDesk, FuturesTrades
from trading_mcp.adapters.ccxt.kucoin.reading import by_venue_id
from trading_mcp.adapters.ccxt.kucoin.room import Room
from trading_mcp.adapters.ccxt.kucoin.spot import CLASSIC, HIGH_FREQUENCY, SpotDesk
from trading_mcp.adapters.ccxt.kucoin.spot_trades import ClassicTrades, HighFrequencyTrades
from trading_mcp.adapters.ccxt.kucoin.stream import AccountStream
from trading_mcp.adapters.ccxt.kucoin.switch import set_switch
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.private_side import Traded
from trading_mcp.domain.accounts import Balance, Holding
from trading_mcp.domain.markets import MarketType
from trading_mcp.domain.orders import ApprovedOrder
from trading_mcp.domain.reports import OrderReport, VenueReport
from trading_mcp.domain.times import MINUTE_MS

_WINDOW_MS, _SKEW_MS, _MARGIN_MS = 5_000, 3_000, 2_000


class KucoinAccount:
    """Both accounts of a user; which are asked depends on the types of the listed markets."""

    refusals = REFUSALS
    # A signed order is good for so long; then, how far clocks may differ, and a little more.
    fence_ms = _WINDOW_MS + _SKEW_MS + _MARGIN_MS

    def __init__(self, room: Room, *, hf: bool):
        self._room, self._hf = room, hf
        types: set[MarketType] = {listed.market.type for listed in room.listed.values()}
        self._desks = _desks(room, types, hf=hf)
        self._spot_trades = HighFrequencyTrades(room) if hf else ClassicTrades(room)
        self._futures_trades = FuturesTrades(room)
        self._types = types

    def params(self, order: ApprovedOrder, listed: Listed) -> Mapping[str, Any]:
        """Return what ccxt is told of *order* besides its usual words."""
        return self._desks[listed.market.type].params(order)

    def learn(self, venue_id: str, client_id: str) -> None:
        """Remember what KuCoin calls an order."""
        self._room.names.learn(venue_id, client_id)

    async def cancel(self, listed: Listed, client_id: str) -> None:
        """Cancel an order, whether it rests or waits for its stop."""
        await self._desks[listed.market.type].cancel(listed, client_id)

    async def find(self, listed: Listed, client_id: str) -> OrderReport | None:
        """Return an order, None if KuCoin has none for certain."""
        return await self._desks[listed.market.type].find(listed, client_id)

    async def working(self) -> Sequence[OrderReport]:
        """Return every order that may still trade."""
        return [report for desk in self._desks.values() for report in await desk.working()]

    async def trades_of(self, listed: Listed, venue_id: str) -> Sequence[Traded]:
        """Return all trades of one order."""
        return await self._trades(listed.market.type).of_order(listed, venue_id)

    async def trades_since(self, since: int) -> Sequence[Traded]:
        """Return both accounts' trades since *since* (UTC ms)."""
        until = self._until()
        return [
            trade
            for kind in self._desks
            for trade in await self._trades(kind).between(since, until)
        ]

    async def client_id(self, listed: Listed, venue_id: str) -> str:
        """Return what we call an order: KuCoin's trades don't say it."""
        if (known := self._room.names.client_id(venue_id)) is not None:
            return known
        report = await self.find(listed, by_venue_id(venue_id))
        # One that KuCoin has forgotten is older than anything we still wait for.
        return report.client_id if report else by_venue_id(venue_id)

    async def balances(self) -> Sequence[Balance]:
        """Return spot and futures wallets as one account.

        Free is what both have free together: an order can use only what is in its own wallet.
        """
        found: list[Balance] = []
        if "spot" in self._types:
            found += await money.spot_balances(self._room, "trade_hf" if self._hf else "trade")
        if "perpetual" in self._types:
            found += await money.futures_balances(self._room)
        return money.together(found)

    async def holdings(self) -> Sequence[Holding]:
        """Return the perpetual positions."""
        return await money.positions(self._room) if "perpetual" in self._types else []

    async def moved_since(self, since: int) -> Sequence[VenueReport]:
        """Return funding, liquidations and transfers since *since* (UTC ms), oldest first.

        A transfer between the two accounts is two reports that add up to nothing.
        """
        found, until = list[VenueReport](), self._until()
        if "spot" in self._types:
            found += await statements.spot_transfers(self._room, since, until, hf=self._hf)
        if "perpetual" in self._types:
            lines = await statements.futures_lines(self._room, since, until)
            found += statements.futures_transfers(self._room, lines)
            found += await statements.fundings(self._room, lines, since, until)
            found += await statements.liquidations(self._futures_trades, since, until)
        return _oldest_first(found)

    def reports(self) -> AsyncIterator[VenueReport]:
        """Yield what happens to orders."""
        return AccountStream(self._room, self.find).reports()

    async def set_switch(self, seconds: float | None) -> None:
        """Set KuCoin's dead man's switch."""
        await set_switch(self._room, seconds, hf=self._hf)

    def _trades(self, kind: MarketType) -> ClassicTrades | HighFrequencyTrades | FuturesTrades:
        return self._spot_trades if kind == "spot" else self._futures_trades

    def _until(self) -> int:
        # A little ahead: what KuCoin stamps now must not fall out by a difference of clocks.
        return self._room.now() + MINUTE_MS


def _oldest_first(found: list[VenueReport]) -> list[VenueReport]:
    """Return reports by their times; of one instant, KuCoin lists the newest first."""
    ordered = found[::-1]
    ordered.sort(key=lambda report: report.at)
    return ordered


def _desks(
    room: Room, types: set[MarketType], *, hf: bool
) -> dict[MarketType, SpotDesk | FuturesDesk]:
    desks: dict[MarketType, SpotDesk | FuturesDesk] = {}
    if "spot" in types:
        desks["spot"] = SpotDesk(room, HIGH_FREQUENCY if hf else CLASSIC)
    if "perpetual" in types:
        desks["perpetual"] = FuturesDesk(room)
    return desks
