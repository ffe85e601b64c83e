"""What happens to the account, told as it happens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from accounts import Joined, order

from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.domain.reports import OrderReport, VenueReport

WITHIN_S = 10.0


@contextlib.asynccontextmanager
async def heard(account: Joined) -> AsyncIterator["asyncio.Queue[VenueReport]"]:
    """Listen until the end; what was heard is in the queue, what broke is raised."""
    queue: asyncio.Queue[VenueReport] = asyncio.Queue()

    async def listen() -> None:
        async for report in account.venue.reports():
            queue.put_nowait(report)

    task = asyncio.create_task(listen())
    try:
        await account.kucoin.until(lambda: len(topics(account)) == 4)
        yield queue
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def topics(account: Joined) -> set[str]:
    """Return what is listened to now."""
    lines = [line for line in account.kucoin.hub.sockets if not line.response.closed]
    return {topic for line in lines for topic in line.topics}


async def until(queue: "asyncio.Queue[VenueReport]", status: str) -> OrderReport:
    """Return the first report of that status."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            report = await queue.get()
            if isinstance(report, OrderReport) and report.status == status:
                return report


async def test_an_order_is_told_from_the_book_to_its_end(account: Joined) -> None:
    async with heard(account) as queue:
        venue_id = await account.venue.submit(order(account.symbol, "limit"))
        opened = await until(queue, "open")
        assert (opened.client_id, opened.venue_id) == ("ord_001-ab12", venue_id)
        account.kucoin.fill(venue_id)
        filled = await until(queue, "filled")
        assert filled.filled == Decimal("0.002")
        assert filled.symbol == account.symbol


@pytest.mark.parametrize("kind", ["limit", "stop"])
async def test_a_cancel_is_told(account: Joined, kind: str) -> None:
    async with heard(account) as queue:
        await account.venue.submit(order(account.symbol, kind))
        await account.venue.cancel(account.symbol, "ord_001-ab12")
        assert (await until(queue, "cancelled")).client_id == "ord_001-ab12"


async def test_a_stop_keeps_its_name_when_it_is_reached(account: Joined) -> None:
    async with heard(account) as queue:
        await account.venue.submit(order(account.symbol, "stop"))
        waiting = await until(queue, "open")
        assert waiting.client_id == "ord_001-ab12"
        account.kucoin.price(account.symbol, 55_100)
        assert (await until(queue, "filled")).client_id == "ord_001-ab12"


async def test_an_order_placed_by_hand_is_told_too(account: Joined) -> None:
    async with heard(account) as queue:
        venue_id = account.by_hand("limit", 40_000)
        assert (await until(queue, "open")).client_id == f"id:{venue_id}"


async def test_a_cut_line_ends_the_stream_and_it_can_be_opened_again(account: Joined) -> None:
    for n in (1, 2):
        async with heard(account) as queue:
            await account.venue.submit(order(account.symbol, "limit", n))
            assert (await until(queue, "open")).client_id == f"ord_{n:03}-ab12"
        stream = account.venue.reports()
        listening = asyncio.ensure_future(anext(stream))
        await account.kucoin.until(lambda: len(topics(account)) == 4)
        account.kucoin.disconnect()
        with pytest.raises(AskFailed, match="stream broke"):
            async with asyncio.timeout(WITHIN_S):
                await listening
        await account.kucoin.until(lambda: not topics(account))
