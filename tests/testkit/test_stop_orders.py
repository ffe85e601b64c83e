"""Orders that wait for a price, on spot."""

from typing import Any

import ccxt
import pytest

BTC = "BTC/USDT"


@pytest.fixture(params=[False, True], ids=["classic", "hf"])
async def kucoin(request: Any, opened: Any) -> Any:
    return await opened(hf=request.param, balances={"USDT": 10_000, "BTC": 1})


async def stop_loss(client: Any, price: float = 49_000, **params: Any) -> Any:
    asked = {"stopLossPrice": price, **params}
    return await client.create_order(BTC, "market", "sell", 0.1, None, asked)


async def test_a_stop_waits_among_the_stops_and_ties_up_nothing(client: Any) -> None:
    placed = await stop_loss(client, clientOid="guard")

    (waiting,) = await client.fetch_open_orders(BTC, params={"trigger": True})
    assert (waiting["id"], waiting["clientOrderId"]) == (placed["id"], "guard")
    assert (waiting["status"], waiting["triggerPrice"]) == ("open", 49_000)
    assert await client.fetch_open_orders(BTC) == []
    assert (await client.fetch_balance())["BTC"]["used"] == 0


async def test_a_stop_that_is_reached_becomes_another_order(kucoin: Any, client: Any) -> None:
    placed = await stop_loss(client, clientOid="guard")

    kucoin.price("BTC-USDT", 48_900)

    (order,) = await client.fetch_closed_orders(BTC)
    assert (order["clientOrderId"], order["filled"], order["average"]) == ("guard", 0.1, 48_899.9)
    assert order["id"] != placed["id"]
    assert await client.fetch_open_orders(BTC, params={"trigger": True}) == []
    assert (await client.fetch_order(None, BTC, {"clientOid": "guard"}))["id"] == order["id"]


async def test_a_stop_that_is_not_reached_waits_on(kucoin: Any, client: Any) -> None:
    await stop_loss(client)

    kucoin.price("BTC-USDT", 49_000.1)

    assert len(await client.fetch_open_orders(BTC, params={"trigger": True})) == 1
    assert kucoin.ledger()["trades"] == []


async def test_a_target_waits_for_the_other_way(kucoin: Any, client: Any) -> None:
    await client.create_order(BTC, "limit", "sell", 0.1, 51_000, {"takeProfitPrice": 51_000})

    kucoin.price("BTC-USDT", 48_000)
    assert kucoin.ledger()["trades"] == []
    kucoin.price("BTC-USDT", 51_500)

    (order,) = await client.fetch_closed_orders(BTC)
    assert (order["filled"], order["average"]) == (0.1, 51_499.9)


async def test_a_stop_may_become_a_limit_order_that_rests(kucoin: Any, client: Any) -> None:
    await client.create_order(BTC, "limit", "sell", 0.1, 49_500, {"stopLossPrice": 49_000})

    kucoin.price("BTC-USDT", 48_900)

    (resting,) = await client.fetch_open_orders(BTC)
    assert (resting["price"], resting["filled"]) == (49_500, 0)


@pytest.mark.parametrize("by", ["id", "client id"])
async def test_a_stop_is_found_and_cancelled(client: Any, by: str) -> None:
    placed = await stop_loss(client, clientOid="guard")
    order_id = placed["id"] if by == "id" else None
    params = {"trigger": True} if by == "id" else {"trigger": True, "clientOid": "guard"}

    found = await client.fetch_order(order_id, BTC, params)
    await client.cancel_order(order_id, BTC, params)

    assert (found["id"], found["status"]) == (placed["id"], "open")
    assert await client.fetch_open_orders(BTC, params={"trigger": True}) == []


async def test_every_stop_is_cancelled_at_once(client: Any) -> None:
    for price in (48_000, 49_000):
        await stop_loss(client, price)

    await client.cancel_all_orders(BTC, {"trigger": True})

    assert await client.fetch_open_orders(BTC, params={"trigger": True}) == []


async def test_a_stop_that_is_gone_can_not_be_cancelled(kucoin: Any, client: Any) -> None:
    placed = await stop_loss(client)
    kucoin.price("BTC-USDT", 48_900)

    with pytest.raises(ccxt.ExchangeError):
        await client.cancel_order(placed["id"], BTC, {"trigger": True})


async def test_a_stop_without_the_money_ends_when_it_is_reached(kucoin: Any, client: Any) -> None:
    await stop_loss(client)
    kucoin.transfer("BTC", -0.95)

    kucoin.price("BTC-USDT", 48_900)

    (order,) = kucoin.ledger()["orders"]
    assert (order["status"], order["reason"]) == ("cancelled", "Balance insufficient!")


async def test_one_client_id_is_one_stop(kucoin: Any, client: Any) -> None:
    await stop_loss(client, clientOid="guard")

    with pytest.raises(ccxt.ExchangeError):
        await stop_loss(client, clientOid="guard")

    assert kucoin.ledger()["accepted"] == {"guard": 1}
