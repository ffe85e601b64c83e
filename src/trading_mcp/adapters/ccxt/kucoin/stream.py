"""The account as KuCoin tells of it: its WebSockets, merged into one stream of reports."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal

import structlog

from trading_mcp.adapters.ccxt.evidence import AskFailed, harmless
from trading_mcp.adapters.ccxt.kucoin.pushes import pushed_report
from trading_mcp.adapters.ccxt.kucoin.questions import Raw
from trading_mcp.adapters.ccxt.kucoin.reading import by_venue_id, text
from trading_mcp.adapters.ccxt.kucoin.room import Room
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.domain.markets import MarketType
from trading_mcp.domain.reports import OrderReport

log = structlog.get_logger(__name__)
Channel = tuple[MarketType, bool]
"""An account, and whether it is its orders that wait for a stop."""
Find = Callable[[Listed, str], Awaitable[OrderReport | None]]
_TYPES: dict[MarketType, Literal["spot", "swap"]] = {"spot": "spot", "perpetual": "swap"}
_MOST_UNREAD = 10_000


class AccountStream:
    """Reports of orders as they change. Fills show in those alone: pushes of trades hold no fee."""

    def __init__(self, room: Room, find: Find):
        self._room, self._find = room, find

    async def reports(self) -> AsyncIterator[OrderReport]:
        """Yield what happens; raise AskFailed when a line breaks: the caller opens it anew."""
        unread: asyncio.Queue[tuple[Raw, bool]] = asyncio.Queue(_MOST_UNREAD)
        watching = [asyncio.create_task(self._watch(channel)) for channel in self._channels()]
        try:
            with _overhearing(self._room.client, unread):
                while True:
                    message, waits = await self._next(unread, watching)
                    if (report := await self._report(message, waits)) is not None:
                        yield report
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)

    def _channels(self) -> list[Channel]:
        kinds = {listed.market.type for listed in self._room.listed.values()}
        return [(kind, waits) for kind in sorted(kinds) for waits in (False, True)]

    async def _watch(self, channel: Channel) -> None:
        """Keep one line open: what comes in is overheard, so that nothing is merged or lost."""
        kind, waits = channel
        while True:
            await self._room.client.watch_orders(params={"type": _TYPES[kind], "trigger": waits})

    async def _next(
        self, unread: "asyncio.Queue[tuple[Raw, bool]]", watching: list["asyncio.Task[None]"]
    ) -> tuple[Raw, bool]:
        getting = asyncio.ensure_future(unread.get())
        try:
            await asyncio.wait([getting, *watching], return_when=asyncio.FIRST_COMPLETED)
            for task in watching:
                if task.done() and (error := task.exception()) is not None:
                    raise AskFailed(f"the account's stream broke: {type(error).__name__}")
            return await getting
        finally:
            getting.cancel()

    async def _report(self, message: Raw, waits: bool) -> OrderReport | None:
        topic = str(message.get("topic") or "")
        kind: MarketType = "perpetual" if topic.startswith("/contract") else "spot"
        data = message.get("data") or {}
        listed = self._room.market_of(data, kind)
        if listed is None:
            return None
        try:
            return await self._told(data, listed, waits)
        except (AskFailed, ValueError) as error:
            # The poll finds what this push could not tell.
            log.warning("push_not_understood", error=harmless(str(error)))
            return None

    async def _told(self, data: Raw, listed: Listed, waits: bool) -> OrderReport | None:
        venue_id = text(data, "orderId")
        client_id = str(data.get("clientOid") or "") or self._room.names.client_id(venue_id)
        if client_id and not waits:
            self._room.names.learn(venue_id, client_id)
            return pushed_report(data, listed, client_id)
        # A stop's pushes, and some others, don't say whose they are.
        return await self._found(listed, client_id or by_venue_id(venue_id), venue_id)

    async def _found(self, listed: Listed, client_id: str, venue_id: str) -> OrderReport | None:
        return await self._find(listed, client_id) or await self._find(
            listed, by_venue_id(venue_id)
        )


class _overhearing:
    """Inside, every push about an order is put in *unread* too, before ccxt takes it in."""

    def __init__(self, client: Any, unread: "asyncio.Queue[tuple[Raw, bool]]"):
        self._client, self._unread, self._taken = client, unread, client.handle_order

    def __enter__(self) -> None:
        self._client.handle_order = self._hear

    def __exit__(self, *_: object) -> None:
        self._client.handle_order = self._taken

    def _hear(self, line: Any, message: Any) -> None:
        if not self._unread.full():
            waits = message.get("subject") == "stopOrder"
            self._unread.put_nowait((message, waits))
        self._taken(line, message)
