"""Trades of KuCoin's spot account."""

import json
from collections.abc import AsyncIterator
from typing import Any

from trading_mcp.adapters.ccxt.kucoin.questions import Raw
from trading_mcp.adapters.ccxt.kucoin.reading import traded
from trading_mcp.adapters.ccxt.kucoin.room import Room
from trading_mcp.adapters.ccxt.kucoin.windows import FILLS_MS, LEDGER_MS, windows
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.private_side import Traded

_PAGE = 500
_BATCH = 100


class ClassicTrades:
    """Trades of the classic account: one list of all markets."""

    def __init__(self, room: Room):
        self._room = room

    async def of_order(self, listed: Listed, venue_id: str) -> list[Traded]:
        """Return all trades of one order."""
        return await self._all(orderId=venue_id)

    async def between(self, since: int, until: int) -> list[Traded]:
        """Return all trades from *since* to *until* (UTC ms)."""
        found: list[Traded] = []
        for start, end in windows(since, until, FILLS_MS):
            found += await self._all(startAt=start, endAt=end)
        return found

    async def _all(self, **which: Any) -> list[Traded]:
        pages = self._room.questions.pages(
            "privateGetFills", size=_PAGE, tradeType="TRADE", **which
        )
        return await _read(self._room, pages)


class HighFrequencyTrades:
    """Trades of the high-frequency account: a list for each market."""

    def __init__(self, room: Room):
        self._room = room
        self._traded: set[str] = set()

    async def of_order(self, listed: Listed, venue_id: str) -> list[Traded]:
        """Return all trades of one order."""
        self._traded.add(listed.market.symbol)
        return await self._all(listed, orderId=venue_id)

    async def between(self, since: int, until: int) -> list[Traded]:
        """Return all trades from *since* to *until* (UTC ms)."""
        for start, end in windows(since, until, LEDGER_MS):
            await self._learn_traded(start, end)
        found: list[Traded] = []
        for symbol in sorted(self._traded & self._room.listed.keys()):
            for start, end in windows(since, until, FILLS_MS):
                found += await self._all(self._room.listed[symbol], startAt=start, endAt=end)
        return found

    async def _learn_traded(self, start: int, end: int) -> None:
        """Look up in the account's statement which markets have been traded."""
        lines = self._room.questions.batches(
            "privateGetHfAccountsLedgers",
            size=_BATCH,
            bizType="TRADE_EXCHANGE",
            startAt=start,
            endAt=end,
        )
        async for line in lines:
            if listed := self._room.market_of({"symbol": _symbol_in(line)}, "spot"):
                self._traded.add(listed.market.symbol)

    async def _all(self, listed: Listed, **which: Any) -> list[Traded]:
        symbol = self._room.wire_id(listed)
        batches = self._room.questions.batches(
            "privateGetHfFills", size=_BATCH, symbol=symbol, **which
        )
        return await _read(self._room, batches)


async def _read(room: Room, raws: AsyncIterator[Raw]) -> list[Traded]:
    return [
        traded(raw, listed, room.coin)
        async for raw in raws
        if (listed := room.market_of(raw, "spot"))
    ]


def _symbol_in(line: Raw) -> str:
    # Not all lines say it in the same kind of quotes.
    try:
        return str(json.loads(str(line.get("context") or "{}").replace("'", '"')).get("symbol", ""))
    except (ValueError, AttributeError):
        return ""
