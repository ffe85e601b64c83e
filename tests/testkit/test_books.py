"""Books that are told by a snapshot and numbered changes are the exchange's at each moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from trading_mcp.testkit.kucoin import Loopback

SPOT, FUTURES = "BTC/USDT", "BTC/USDT:USDT"
NAMES = {SPOT: "BTC-USDT", FUTURES: "XBTUSDTM"}


async def soon(awaited: Any) -> Any:
    async with asyncio.timeout(15):
        return await awaited


@pytest.mark.parametrize("manual", [True, False])
@pytest.mark.parametrize("symbol", [SPOT, FUTURES])
async def test_ccxt_s_book_is_the_exchange_s(
    opened: Any, connect: Any, symbol: str, manual: bool
) -> None:
    kucoin = await opened(manual=manual, prices={}, tick_ms=10)
    client, name = connect(kucoin), NAMES[symbol]
    ours = kucoin.listing.symbol(name)
    compared = 0
    while compared < 20:
        book = await soon(client.watch_order_book(symbol))
        published = kucoin.books.of(ours)
        if book["nonce"] == published.sequence:
            assert shown(book) == expected(kucoin, ours)
            compared += 1


def shown(book: Any) -> dict[str, list[tuple[float, float]]]:
    # A row may carry the number of its change behind price and amount.
    return {side: [(row[0], row[1]) for row in book[side]] for side in ("bids", "asks")}


def expected(kucoin: Loopback, symbol: str) -> dict[str, list[tuple[float, float]]]:
    published = kucoin.books.of(symbol)
    market = kucoin.listing.markets[symbol]
    unit = 1.0 if market.type == "spot" else float(market.step)
    return {
        side: [(p, pytest.approx(a / unit)) for p, a in published.ranked(side, 1000)]
        for side in ("bids", "asks")
    }


class Listener:
    """A bare client that keeps a book as the documentation says, and notes what does not fit."""

    def __init__(self, socket: Any):
        self._socket = socket
        self.levels: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
        self.sequence = 0
        self.gaps: list[int] = []
        self.repeats = 0
        self.crossed = 0

    def begin(self, snapshot: dict[str, Any]) -> None:
        self.sequence = int(snapshot["sequence"])
        self.levels = {side: dict(snapshot[side]) for side in ("bids", "asks")}

    async def hear(self) -> None:
        data = (await soon(self._socket.receive_json()))["data"]
        if data["sequenceEnd"] <= self.sequence:
            self.repeats += 1
            return
        if data["sequenceStart"] > self.sequence + 1:
            self.gaps.append(data["sequenceStart"] - self.sequence - 1)
        for side, changes in data["changes"].items():
            for price, size, _ in changes:
                self._set(side, price, size)
        self.sequence = data["sequenceEnd"]
        self.crossed += max(map(float, self.levels["bids"])) >= min(map(float, self.levels["asks"]))

    def _set(self, side: str, price: str, size: str) -> None:
        if size == "0":
            self.levels[side].pop(price, None)
        else:
            self.levels[side][price] = size


@asynccontextmanager
async def listener(kucoin: Loopback, client: Any) -> AsyncIterator[Listener]:
    token = (await client.public_post_bullet_public())["data"]["token"]
    async with client.session.ws_connect(f"{kucoin.ws_url}?token={token}") as socket:
        await socket.receive_json()
        topic = "/market/level2:BTC-USDT"
        await socket.send_json({"id": 1, "type": "subscribe", "topic": topic, "response": True})
        assert (await soon(socket.receive_json()))["type"] == "ack"
        found = Listener(socket)
        answer = await client.private_get_market_orderbook_level2({"symbol": "BTC-USDT"})
        found.begin(answer["data"])
        yield found


async def test_snapshot_and_changes_fit_without_a_gap(opened: Any, connect: Any) -> None:
    kucoin = await opened(manual=False, prices={}, tick_ms=5)
    async with listener(kucoin, connect(kucoin)) as heard:
        for _ in range(100):
            await heard.hear()

    assert (heard.gaps, heard.crossed) == ([], 0)


async def test_a_gap_is_told_by_its_numbers(kucoin: Any, client: Any) -> None:
    async with listener(kucoin, client) as heard:
        kucoin.skip_numbers("BTC-USDT", 3)
        while not heard.gaps:
            await heard.hear()

    assert heard.gaps == [3]


async def test_a_change_is_told_twice(kucoin: Any, client: Any) -> None:
    async with listener(kucoin, client) as heard:
        await heard.hear()
        before = heard.repeats
        kucoin.repeat_change("BTC-USDT")
        while heard.repeats == before:
            await heard.hear()

    assert heard.gaps == []


async def test_a_crossed_book_heals_by_itself(kucoin: Any, client: Any) -> None:
    async with listener(kucoin, client) as heard:
        kucoin.cross_book("BTC-USDT")
        while not heard.crossed:
            await heard.hear()
        crossed = heard.crossed
        for _ in range(3):
            await heard.hear()

    assert (heard.gaps, heard.crossed) == ([], crossed)


async def test_every_snapshot_has_a_place_among_the_changes(kucoin: Any, client: Any) -> None:
    async with listener(kucoin, client) as heard:
        for _ in range(20):
            answer = await client.private_get_market_orderbook_level2({"symbol": "BTC-USDT"})
            while heard.sequence < int(answer["data"]["sequence"]):
                await heard.hear()
            assert heard.sequence == int(answer["data"]["sequence"])
            assert heard.levels == {side: dict(answer["data"][side]) for side in heard.levels}
