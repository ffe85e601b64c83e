"""What ccxt.pro hears: markets, orders, trades, balances, positions."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import ccxt
import pytest

from trading_mcp.testkit.kucoin import Loopback, LoopbackFaults

SPOT, FUTURES = "BTC/USDT", "BTC/USDT:USDT"


async def soon(awaited: Any) -> Any:
    async with asyncio.timeout(10):
        return await awaited


async def listening(kucoin: Loopback, awaited: Any, topic: str) -> asyncio.Task[Any]:
    """Begin to watch; back as soon as the exchange has heard of it."""
    before = len(kucoin.sent)
    task = asyncio.ensure_future(awaited)
    await kucoin.until(lambda: any(topic in text for text in kucoin.sent[before:]))
    return task


@pytest.mark.parametrize("symbol", [SPOT, FUTURES])
async def test_tickers_are_pushed(kucoin: Any, client: Any, symbol: str) -> None:
    assert (await soon(client.watch_ticker(symbol)))["last"] == 50_000

    kucoin.price("BTC-USDT", 51_000)
    kucoin.price("XBTUSDTM", 51_000)

    while (await soon(client.watch_ticker(symbol)))["last"] != 51_000:
        pass


async def test_tickers_of_several_markets_are_pushed(client: Any) -> None:
    tickers = await soon(client.watch_tickers(["BTC/USDT", "ETH/USDT"]))

    assert set(tickers) <= {"BTC/USDT", "ETH/USDT"}


@pytest.mark.parametrize("symbol", [SPOT, FUTURES])
async def test_best_offers_are_pushed(client: Any, symbol: str) -> None:
    offers = await soon(client.watch_bids_asks([symbol]))

    assert (offers[symbol]["bid"], offers[symbol]["ask"]) == (49_999.9, 50_000.1)


@pytest.mark.parametrize(
    ("symbol", "name", "topic"),
    [(SPOT, "BTC-USDT", "/market/match"), (FUTURES, "XBTUSDTM", "/contractMarket/execution")],
)
async def test_trades_are_pushed_as_they_happen(
    kucoin: Any, client: Any, symbol: str, name: str, topic: str
) -> None:
    await client.load_markets()
    watching = await listening(kucoin, client.watch_trades(symbol), topic)

    kucoin.price(name, 50_100, volume=0.5)

    (trade,) = await soon(watching)
    assert (trade["price"], trade["side"]) == (50_100, "buy")
    assert trade["amount"] == (0.5 if symbol == SPOT else 500)


@pytest.mark.parametrize("symbol", [SPOT, FUTURES])
async def test_candles_are_pushed(kucoin: Any, client: Any, symbol: str) -> None:
    (candle,) = await soon(client.watch_ohlcv(symbol, "1m"))

    assert candle[0] % 60_000 == 0
    assert candle[4] == 50_000
    told = (await client.fetch_ohlcv(symbol, "1m", limit=2))[-1]
    assert candle[0] <= told[0]


async def test_mark_prices_and_funding_are_pushed(kucoin: Any, client: Any) -> None:
    kucoin.prices.set_funding_rate("BTC-USDT-PERP", 0.0002)

    assert (await soon(client.watch_mark_price(FUTURES)))["markPrice"] == 50_000
    assert (await soon(client.watch_funding_rate(FUTURES)))["fundingRate"] == 0.0002


@pytest.mark.parametrize(
    ("symbol", "topic"),
    [(SPOT, "/spotMarket/tradeOrders"), (FUTURES, "/contractMarket/tradeOrders")],
)
async def test_the_life_of_an_order_is_pushed(
    kucoin: Any, client: Any, symbol: str, topic: str
) -> None:
    await client.load_markets()
    watching = await listening(kucoin, client.watch_orders(symbol), topic)
    amount = 0.01 if symbol == SPOT else 10

    placed = await client.create_order(symbol, "limit", "buy", amount, 49_000, {"clientOid": "x"})
    (order,) = await soon(watching)  # the same dict is told again, changed, at each push
    assert (order["id"], order["clientOrderId"]) == (placed["id"], "x")
    assert (order["status"], order["filled"]) == ("open", 0)

    kucoin.fill(placed["id"], 0.004)
    (order,) = await soon(client.watch_orders(symbol))
    assert (order["status"], order["filled"]) == ("open", 0.004 if symbol == SPOT else 4)

    kucoin.fill(placed["id"])
    while order["status"] != "closed":
        (order,) = await soon(client.watch_orders(symbol))
    assert (order["filled"], order["average"]) == (amount, 49_000)


@pytest.mark.parametrize(
    ("symbol", "topic"),
    [(SPOT, "/spotMarket/tradeOrders"), (FUTURES, "/contractMarket/tradeOrders")],
)
async def test_a_cancelled_order_is_pushed(
    kucoin: Any, client: Any, symbol: str, topic: str
) -> None:
    amount = 0.01 if symbol == SPOT else 10
    placed = await client.create_order(symbol, "limit", "buy", amount, 49_000)
    watching = await listening(kucoin, client.watch_orders(symbol), topic)

    await client.cancel_order(placed["id"], symbol)

    (order,) = await soon(watching)
    assert (order["id"], order["status"]) == (placed["id"], "canceled")


@pytest.mark.parametrize(
    ("symbol", "topic"),
    [(SPOT, "/spotMarket/tradeOrders"), (FUTURES, "/contractMarket/tradeOrders")],
)
async def test_own_trades_are_pushed(kucoin: Any, client: Any, symbol: str, topic: str) -> None:
    await client.load_markets()
    watching = await listening(kucoin, client.watch_my_trades(symbol), topic)
    amount = 0.01 if symbol == SPOT else 10

    placed = await client.create_order(symbol, "market", "buy", amount)

    (pushed,) = await soon(watching)
    (asked,) = await client.fetch_my_trades(symbol)
    for key in ("id", "order", "side", "price", "amount", "takerOrMaker"):
        assert pushed[key] == asked[key], key
    assert pushed["order"] == placed["id"]
    # What the fee was is not pushed: it has to be asked for.
    assert pushed["fee"]["cost"] is None


@pytest.mark.parametrize("hf", [False, True])
async def test_spot_balances_are_pushed(opened: Any, connect: Any, hf: bool) -> None:
    kucoin = await opened(hf=hf)
    client = connect(kucoin)
    await client.load_markets()
    watching = await listening(kucoin, client.watch_balance(), "/account/balance")

    await client.create_order(SPOT, "limit", "buy", 0.1, 40_000)

    balance = await soon(watching)
    assert balance["USDT"] == {"free": 5_996, "used": 4_004, "total": 10_000}


async def test_the_futures_balance_is_pushed(kucoin: Any, client: Any) -> None:
    await client.load_markets()
    watch = client.watch_balance({"type": "swap"})
    watching = await listening(kucoin, watch, "/contractAccount/wallet")

    await client.create_order(FUTURES, "market", "buy", 10, None, {"leverage": 5})

    balance = await soon(watching)
    assert balance["USDT"]["free"] == pytest.approx(10_000 - 100 - 0.3, abs=0.1)
    assert balance["USDT"]["used"] == pytest.approx(100, abs=0.1)


async def test_positions_are_pushed_one_by_one(kucoin: Any, client: Any) -> None:
    await client.load_markets()
    await soon(client.watch_position(FUTURES))  # first there is what ccxt asks for by itself
    watching = await listening(kucoin, client.watch_position(FUTURES), "/contract/position")

    await client.create_order(FUTURES, "market", "sell", 10)

    position = await soon(watching)
    assert (position["side"], position["contracts"]) == ("short", 10)


async def test_all_positions_are_pushed(kucoin: Any, client: Any) -> None:
    # ccxt stumbles over a position that was not there when it began to watch.
    await client.create_order(FUTURES, "market", "buy", 10)
    (before,) = await soon(client.watch_positions())
    assert before["contracts"] == 10
    watching = await listening(kucoin, client.watch_positions(), "positionAll")

    await client.create_order(FUTURES, "market", "buy", 5)

    (position,) = await soon(watching)
    assert (position["symbol"], position["side"], position["contracts"]) == (FUTURES, "long", 15)


async def test_stops_are_pushed(kucoin: Any, client: Any) -> None:
    kucoin.transfer("BTC", 1)
    await client.load_markets()
    watch = client.watch_orders(SPOT, params={"trigger": True})
    watching = await listening(kucoin, watch, "/spotMarket/advancedOrders")

    params = {"stopLossPrice": 49_000}
    placed = await client.create_order(SPOT, "market", "sell", 0.1, None, params)
    (stop,) = await soon(watching)
    assert (stop["id"], stop["status"], stop["triggerPrice"]) == (placed["id"], "open", 49_000)

    kucoin.price("BTC-USDT", 48_000)
    (stop,) = await soon(client.watch_orders(SPOT, params={"trigger": True}))
    assert stop["status"] == "triggered"


async def test_an_account_is_told_only_to_its_holder(kucoin: Any, client: Any) -> None:
    token = (await client.public_post_bullet_public())["data"]["token"]
    async with client.session.ws_connect(f"{kucoin.ws_url}?token={token}") as socket:
        await socket.receive_json()

        await socket.send_json({"id": 1, "type": "subscribe", "topic": "/account/balance"})

        assert (await soon(socket.receive_json()))["type"] == "error"


async def test_nobody_comes_in_without_a_token(kucoin: Any, client: Any) -> None:
    await client.fetch_time()
    async with client.session.ws_connect(f"{kucoin.ws_url}?token=made-up") as socket:
        assert (await soon(socket.receive_json()))["type"] == "error"


async def test_a_cut_line_is_an_error_and_the_next_watch_is_well(kucoin: Any, client: Any) -> None:
    await client.load_markets()
    watching = await listening(kucoin, client.watch_trades(SPOT), "/market/match")

    kucoin.disconnect()

    with pytest.raises(ccxt.NetworkError):
        await soon(watching)
    again = await listening(kucoin, client.watch_trades(SPOT), "/market/match")
    kucoin.price("BTC-USDT", 50_100)
    assert (await soon(again))[-1]["price"] == 50_100


async def test_a_silent_line_says_nothing_and_stays(kucoin: Any, client: Any) -> None:
    await soon(client.watch_ticker(SPOT))
    kucoin.silence()
    kucoin.price("BTC-USDT", 51_000)

    # One ticker may have been on its way.
    heard = asyncio.ensure_future(client.watch_ticker(SPOT))
    done, _ = await asyncio.wait([heard], timeout=0.3)
    assert not done or heard.result()["last"] == 50_000
    kucoin.silence(False)
    while (await soon(client.watch_ticker(SPOT)))["last"] != 51_000:
        pass


@pytest.fixture
async def raw(kucoin: Loopback, client: Any) -> AsyncIterator[Any]:
    """A bare socket on the account's orders: what ccxt would sort and merge is seen as it is."""
    answer = await client.private_post_bullet_private()
    token = answer["data"]["token"]
    async with client.session.ws_connect(f"{kucoin.ws_url}?token={token}&connectId=1") as socket:
        await socket.receive_json()
        topic = "/spotMarket/tradeOrders"
        await socket.send_json({"id": 2, "type": "subscribe", "topic": topic, "response": True})
        assert (await socket.receive_json())["type"] == "ack"
        yield socket


async def changes(raw: Any, count: int) -> list[str]:
    return [(await soon(raw.receive_json()))["data"]["type"] for _ in range(count)]


async def test_pushes_come_in_order(client: Any, raw: Any) -> None:
    placed = await client.create_order(SPOT, "limit", "buy", 0.01, 49_000)
    await client.cancel_order(placed["id"], SPOT)
    await client.create_order(SPOT, "market", "buy", 0.01)

    assert await changes(raw, 4) == ["open", "canceled", "match", "filled"]


async def test_pushes_come_twice(kucoin: Any, client: Any, raw: Any) -> None:
    kucoin.set_faults(LoopbackFaults(duplicate_push=1))

    await client.create_order(SPOT, "market", "buy", 0.01)

    assert await changes(raw, 4) == ["match", "match", "filled", "filled"]


async def test_pushes_come_late(kucoin: Any, client: Any, raw: Any) -> None:
    kucoin.set_faults(LoopbackFaults(late_push=1, late_ms=100))
    await client.create_order(SPOT, "market", "buy", 0.01)
    kucoin.set_faults(LoopbackFaults())

    await client.create_order(SPOT, "limit", "buy", 0.01, 49_000)

    assert await changes(raw, 3) == ["open", "match", "filled"]


async def test_pushes_overtake_one_another(kucoin: Any, client: Any, raw: Any) -> None:
    kucoin.set_faults(LoopbackFaults(reorder_push=0.5))
    seen: list[str] = []
    for _ in range(10):
        await client.create_order(SPOT, "market", "buy", 0.001)
        seen += await changes(raw, 2)

    assert sorted(seen) == ["filled"] * 10 + ["match"] * 10
    assert seen != ["match", "filled"] * 10


async def test_a_ping_is_answered(raw: Any) -> None:
    await raw.send_json({"id": 7, "type": "ping"})

    answer = await soon(raw.receive_json())
    assert (answer["id"], answer["type"]) == (7, "pong")


async def test_what_is_unsubscribed_is_not_heard(client: Any, raw: Any) -> None:
    topic = "/spotMarket/tradeOrders"
    await raw.send_json({"id": 3, "type": "unsubscribe", "topic": topic, "response": True})
    assert (await soon(raw.receive_json()))["type"] == "ack"

    await client.create_order(SPOT, "market", "buy", 0.01)

    await raw.send_json({"id": 4, "type": "ping"})
    assert (await soon(raw.receive_json()))["type"] == "pong"
