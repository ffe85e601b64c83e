"""The side door: the truth, and what a rehearsal brings about."""

from typing import Any

import ccxt
import pytest

BTC = "BTC/USDT"


@pytest.fixture
def door(kucoin: Any, client: Any) -> Any:
    async def ask(name: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        await client.fetch_time()
        url = f"{kucoin.base_url}/_loopback/{name}"
        asked = client.session.get(url) if body is None else client.session.post(url, json=body)
        async with asked as answer:
            return answer.status, await answer.json()

    return ask


async def test_the_ledger_has_everything(client: Any, door: Any) -> None:
    await client.create_order(BTC, "market", "buy", 0.1, None, {"clientOid": "a"})
    await client.create_order(BTC, "limit", "buy", 0.01, 40_000, {"clientOid": "b"})
    await client.create_order("BTC/USDT:USDT", "market", "sell", 10, None, {"clientOid": "c"})

    _, ledger = await door("ledger")

    orders = {order["client_oid"]: order for order in ledger["orders"]}
    assert {oid: order["status"] for oid, order in orders.items()} == {
        "a": "filled",
        "b": "open",
        "c": "filled",
    }
    assert orders["a"]["filled"] == "0.1"
    assert [trade["client_oid"] for trade in ledger["trades"]] == ["a", "c"]
    assert ledger["balances"]["spot"]["BTC"] == {"total": "0.1", "free": "0.1"}
    assert ledger["positions"]["BTC-USDT-PERP"]["contracts"] == -10
    assert ledger["accepted"] == {"a": 1, "b": 1, "c": 1}
    assert ledger["requests"]["POST /api/v1/orders"] == 3
    assert ledger["private_requests"] == 7


async def test_a_price_is_moved(client: Any, door: Any) -> None:
    placed = await client.create_order(BTC, "limit", "buy", 0.1, 49_000)

    assert await door("price", {"symbol": "BTC-USDT", "price": 48_999}) == (200, {})

    assert (await client.fetch_order(placed["id"], BTC))["status"] == "closed"


async def test_a_price_is_moved_and_little_trades(client: Any, door: Any) -> None:
    placed = await client.create_order(BTC, "limit", "buy", 0.1, 49_000)

    await door("price", {"symbol": "BTC-USDT", "price": 49_000, "volume": 5})

    order = await client.fetch_order(placed["id"], BTC)
    assert (order["status"], 0 < order["filled"] < 0.1) == ("open", True)


async def test_a_pinned_market_goes_on_when_it_is_let(kucoin: Any, door: Any) -> None:
    await door("price", {"symbol": "BTC-USDT", "price": 1_000})
    assert kucoin.prices.last("BTC-USDT") == 1_000

    await door("price", {"symbol": "BTC-USDT", "price": None})

    assert kucoin.prices.last("BTC-USDT") > 10_000


async def test_faults_are_set_and_scripted(client: Any, door: Any) -> None:
    await client.load_markets()
    script = {"kind": "http_500", "method": "GET", "path": "/api/v1/accounts"}
    await door("faults", {"faults": {"unknown_code": 1, "accepted": 0}, "scripted": [script]})

    with pytest.raises(ccxt.ExchangeNotAvailable):
        await client.fetch_balance()
    with pytest.raises(ccxt.ExchangeError, match="999999"):
        await client.create_order(BTC, "market", "buy", 0.1)
    await door("faults", {"faults": {}})
    await client.create_order(BTC, "market", "buy", 0.1)


async def test_orders_are_placed_filled_and_cancelled_by_hand(client: Any, door: Any) -> None:
    order = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "amount": 0.1, "price": 40_000}
    _, placed = await door("orders", {"order": order})

    await door("orders", {"fill": placed["orderId"], "amount": 0.04})
    await door("orders", {"cancel": placed["orderId"]})

    found = await client.fetch_order(placed["orderId"], BTC)
    assert (found["status"], found["filled"], found["clientOrderId"]) == ("canceled", 0.04, None)
    assert (await door("orders", {"cancel": placed["orderId"]}))[0] == 409


async def test_money_comes_and_goes(client: Any, door: Any) -> None:
    await door("transfer", {"currency": "BTC", "amount": 2})
    await door("transfer", {"currency": "USDT", "amount": -1_000, "account": "futures"})

    assert (await client.fetch_balance())["BTC"]["free"] == 2
    assert (await client.fetch_balance({"type": "swap"}))["USDT"]["free"] == 9_000
    assert (await door("transfer", {"currency": "BTC", "amount": -3}))[0] == 409


async def test_funding_is_settled(client: Any, door: Any) -> None:
    await client.create_order("BTC/USDT:USDT", "market", "buy", 10)

    await door("funding", {"symbol": "XBTUSDTM", "rate": 0.01})

    assert (await client.fetch_funding_history("BTC/USDT:USDT"))[0]["amount"] == -5


async def test_books_are_set_and_upset(kucoin: Any, client: Any, door: Any) -> None:
    levels = {"bids": [[49_000, 1]], "asks": [[51_000, 2]]}
    await door("book", {"symbol": "BTC-USDT", **levels})
    before = kucoin.books.of("BTC-USDT").sequence
    await door("book", {"symbol": "BTC-USDT", "gap": 5, "duplicate": True, "crossed": True})

    assert kucoin.books.of("BTC-USDT").sequence >= before + 6
    assert (await client.fetch_ticker(BTC))["ask"] == 51_000


async def test_lines_are_cut_and_silenced(kucoin: Any, client: Any, door: Any) -> None:
    await client.watch_ticker(BTC)
    await door("silence", {"silent": True})
    assert all(socket.stalled for socket in kucoin.hub.sockets)
    await door("disconnect", {})

    await kucoin.until(lambda: not kucoin.hub.sockets)


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("nothing", {}, 404),
        ("price", {"symbol": "BTC-USDT"}, 400),
        ("price", {"symbol": "NO-PE", "price": 1}, 400),
        ("faults", {"faults": {"reset": 7}}, 400),
        ("orders", {"order": {"symbol": "BTC-USDT"}}, 400),
    ],
)
async def test_what_makes_no_sense_is_said_so(
    door: Any, name: str, body: dict[str, Any], status: int
) -> None:
    found, answer = await door(name, body)

    assert (found, "error" in answer) == (status, True)


async def test_the_side_door_is_not_counted(door: Any) -> None:
    await door("ledger")

    _, ledger = await door("ledger")
    assert not [path for path in ledger["requests"] if "_loopback" in path]
