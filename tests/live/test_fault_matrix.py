"""Twelve ways for an answer not to come, with the order accepted or not, and four things to ask.

Afterwards the exchange's own ledger is ours: nothing twice, nothing lost, nothing wrongly ended.
(502 and 503 are one way, tried both: 104 cases on each kind of account.)
"""

import asyncio
from itertools import product
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from live_engine import HURRIED, Trading, trading

from trading_mcp.domain.orders import Order
from trading_mcp.testkit.kucoin import Scripted
from trading_mcp.testkit.kucoin.settings import Kind


class Account(msgspec.Struct, frozen=True):
    """A kind of account: its market, and where its orders are posted and cancelled."""

    market: str
    orders: str
    stops: str
    cancels: str
    settings: dict[str, Any] = {}

    def path(self, kind: str) -> str:
        return self.stops if kind == "stop" else self.orders


ACCOUNTS = {
    "classic": Account(
        "BTC-USDT", "/api/v1/orders", "/api/v1/stop-order", "/api/v1/order/client-order/"
    ),
    "hf": Account(
        "BTC-USDT",
        "/api/v1/hf/orders",
        "/api/v1/stop-order",
        "/api/v1/hf/orders/client-order/",
        {"hf": True},
    ),
    "futures": Account(
        "BTC-USDT-PERP", "/api/v1/orders", "/api/v1/orders", "/api/v1/orders/client-order/"
    ),
}
NAMES = ["hf", "futures", pytest.param("classic", marks=pytest.mark.slow)]
ORDERS: dict[str, dict[str, Any]] = {
    "market": {},
    "limit": {"price": 45_000},
    "stop": {"stop_price": 55_000},
}
FAILURES = tuple(product(get_args(Kind), (True, False)))
"""Each way to fail, and whether what was asked for is done all the same."""


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("kind", ORDERS)
@pytest.mark.parametrize("name", NAMES)
async def test_an_order_without_an_answer_is_what_the_exchange_made_of_it(
    tmp_path: Path, name: str, kind: str
) -> None:
    account = ACCOUNTS[name]
    async with trading(tmp_path, account.market, ours=HURRIED, **account.settings) as one:
        orders = [await unanswered(one, account, kind, *failure) for failure in FAILURES]
        journal = await one.agree()

    accepted = [journal.orders[order.client_id].status != "rejected" for order in orders]
    assert accepted == [done for _, done in FAILURES]
    assert len(journal.orders) == len(FAILURES)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("name", NAMES)
async def test_a_cancel_without_an_answer_is_asked_for_until_the_order_is_gone(
    tmp_path: Path, name: str
) -> None:
    account = ACCOUNTS[name]
    async with trading(tmp_path, account.market, ours=HURRIED, **account.settings) as one:
        orders = [await one.submit(market=account.market, **ORDERS["limit"]) for _ in FAILURES]
        for order, (kind, done) in zip(orders, FAILURES, strict=True):
            path = account.cancels + order.client_id
            # What only deletes is sent again by aiohttp when the line breaks: that breaks, too.
            times = 2 if kind == "reset" else 1
            one.kucoin.script(Scripted(kind=kind, path=path, times=times, after_accept=done))
        await asyncio.gather(*map(one.session.cancel, orders), return_exceptions=True)
        journal = await one.agree()

        assert one.kucoin.take_script("DELETE", "/") is None

    assert {order.status for order in journal.orders.values()} == {"cancelled"}
    assert len(journal.orders) == len(FAILURES)


async def unanswered(one: Trading, account: Account, kind: str, failure: Kind, done: bool) -> Order:
    """Submit an order whose answer fails; while nobody knows, it is reserved in full."""
    path = account.path(kind)
    one.kucoin.script(Scripted(kind=failure, method="POST", path=path, after_accept=done))
    await one.until_let_through()
    order = await one.submit(market=account.market, **ORDERS[kind])
    assert one.kucoin.take_script("POST", path) is None
    # The stream may have told of an order that is there before anybody asks.
    assert order.status == "unknown" or done, failure
    working = one.session.state.orders.values()
    reserved = sum(each.remaining * 45_000 for each in working)
    assert order.filled + order.remaining == order.amount
    assert one.session.core.standings.exposure() >= reserved
    return order
