"""The dead man's switch."""

from typing import Any

import ccxt
import pytest

BTC = "BTC/USDT"


@pytest.fixture
async def kucoin(opened: Any) -> Any:
    return await opened(hf=True)


async def set_switch(client: Any, seconds: int, symbols: str = "") -> Any:
    asked = {"timeout": seconds, **({"symbols": symbols} if symbols else {})}
    return (await client.private_post_hf_orders_dead_cancel_all(asked))["data"]


async def test_the_switch_tells_how_it_is_set(client: Any) -> None:
    await client.load_markets()
    assert (await client.private_get_hf_orders_dead_cancel_all_query())["data"] is None

    told = await set_switch(client, 30, "BTC-USDT")

    assert int(told["triggerTime"]) - int(told["currentTime"]) == 30
    asked = (await client.private_get_hf_orders_dead_cancel_all_query())["data"]
    assert (asked["timeout"], asked["symbols"]) == (30, "BTC-USDT")


@pytest.mark.parametrize("seconds", [0, 4, 86_401])
async def test_the_switch_has_its_limits(client: Any, seconds: int) -> None:
    with pytest.raises(ccxt.BadRequest):
        await set_switch(client, seconds)


async def test_the_switch_is_ended(kucoin: Any, client: Any) -> None:
    await set_switch(client, 5)
    await set_switch(client, -1)

    assert (await client.private_get_hf_orders_dead_cancel_all_query())["data"] is None
    assert not kucoin.deadman.is_due(kucoin.clock.now() + 100_000)


async def test_a_switch_that_is_set_again_waits_anew(kucoin: Any, client: Any) -> None:
    await set_switch(client, 5)
    kucoin.clock.skew_ms = 4_000
    await set_switch(client, 5)

    assert not kucoin.deadman.is_due(kucoin.clock.now() + 4_900)
    assert kucoin.deadman.is_due(kucoin.clock.now() + 5_000)


async def test_nothing_rests_after_the_switch(kucoin: Any, client: Any) -> None:
    await client.create_order(BTC, "limit", "buy", 0.01, 40_000, {"clientOid": "guarded"})
    await client.create_order("ETH/USDT", "limit", "buy", 0.1, 1_000, {"clientOid": "free"})
    await set_switch(client, 5, "BTC-USDT")

    kucoin.clock.skew_ms = 5_001  # the exchange's time goes on
    await kucoin.until(lambda: "cancelled" in statuses(kucoin).values())

    assert statuses(kucoin) == {"guarded": "cancelled", "free": "open"}


@pytest.mark.slow
async def test_the_switch_goes_off_by_itself(kucoin: Any, client: Any) -> None:
    await client.create_order(BTC, "limit", "buy", 0.01, 40_000, {"clientOid": "guarded"})
    await set_switch(client, 5)

    await kucoin.until(lambda: statuses(kucoin) == {"guarded": "cancelled"})


def statuses(kucoin: Any) -> dict[str, str]:
    return {order["client_oid"]: order["status"] for order in kucoin.ledger()["orders"]}
