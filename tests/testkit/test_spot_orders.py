"""Spot orders by real ccxt, on the classic account and on the high-frequency one."""

import asyncio
from typing import Any

import ccxt
import pytest

from trading_mcp.testkit.kucoin import ByHand, LoopbackFaults

BTC = "BTC/USDT"


@pytest.fixture(params=[False, True], ids=["classic", "hf"])
async def kucoin(request: Any, opened: Any) -> Any:
    return await opened(hf=request.param)


async def test_a_market_order_trades_at_once(kucoin: Any, client: Any) -> None:
    placed = await client.create_order(BTC, "market", "buy", 0.1, None, {"clientOid": "a"})

    order = await client.fetch_order(placed["id"], BTC)
    assert (order["status"], order["filled"], order["average"]) == ("closed", 0.1, 50_000.1)
    assert order["clientOrderId"] == "a"
    assert order["fee"] == {"currency": "USDT", "cost": 5.00001}
    balance = await client.fetch_balance()
    assert balance["BTC"] == {"free": 0.1, "used": 0.0, "total": 0.1}
    assert balance["USDT"]["total"] == pytest.approx(10_000 - 5_000.01 - 5.00001)


async def test_a_market_order_may_spend_a_sum(client: Any) -> None:
    placed = await client.create_market_buy_order_with_cost(BTC, 1_000)

    order = await client.fetch_order(placed["id"], BTC)
    assert (order["status"], order["filled"]) == ("closed", 0.01999)


async def test_a_limit_order_rests_and_holds_money(client: Any) -> None:
    placed = await client.create_order(BTC, "limit", "buy", 0.1, 40_000)

    (resting,) = await client.fetch_open_orders(BTC)
    assert (resting["id"], resting["status"], resting["remaining"]) == (placed["id"], "open", 0.1)
    assert (await client.fetch_balance())["USDT"]["used"] == 4_004
    assert await client.fetch_closed_orders(BTC) == []


async def test_a_resting_order_trades_when_the_price_comes(kucoin: Any, client: Any) -> None:
    placed = await client.create_order(BTC, "limit", "buy", 0.1, 49_000)

    kucoin.price(BTC.replace("/", "-"), 48_990)

    order = await client.fetch_order(placed["id"], BTC)
    assert (order["status"], order["average"]) == ("closed", 49_000)
    (trade,) = await client.fetch_my_trades(BTC)
    assert (trade["order"], trade["takerOrMaker"]) == (placed["id"], "maker")


async def test_a_resting_order_trades_part_by_part(kucoin: Any, client: Any) -> None:
    placed = await client.create_order(BTC, "limit", "buy", 0.1, 49_000)

    kucoin.fill(placed["id"], 0.04)
    half = await client.fetch_order(placed["id"], BTC)
    kucoin.fill(placed["id"])

    assert (half["status"], half["filled"], half["remaining"]) == ("open", 0.04, 0.06)
    assert (await client.fetch_order(placed["id"], BTC))["status"] == "closed"
    assert [t["amount"] for t in await client.fetch_my_trades(BTC)] == [0.04, 0.06]


async def test_an_order_is_known_by_its_client_id(client: Any) -> None:
    await client.create_order(BTC, "limit", "buy", 0.1, 40_000, {"clientOid": "mine"})

    found = await client.fetch_order(None, BTC, {"clientOid": "mine"})

    assert (found["clientOrderId"], found["status"]) == ("mine", "open")


async def test_an_order_is_cancelled_by_its_client_id(kucoin: Any, client: Any) -> None:
    await client.create_order(BTC, "limit", "buy", 0.1, 40_000, {"clientOid": "mine"})

    await client.cancel_order(None, BTC, {"clientOid": "mine"})

    assert (await client.fetch_order(None, BTC, {"clientOid": "mine"}))["status"] == "canceled"
    assert kucoin.ledger()["balances"]["spot"]["USDT"]["free"] == "10000"


async def test_an_order_is_cancelled_by_its_id(client: Any) -> None:
    placed = await client.create_order(BTC, "limit", "buy", 0.1, 40_000)

    await client.cancel_order(placed["id"], BTC)

    assert (await client.fetch_order(placed["id"], BTC))["status"] == "canceled"
    assert await client.fetch_open_orders(BTC) == []
    (closed,) = await client.fetch_closed_orders(BTC)
    assert closed["id"] == placed["id"]


async def test_an_ended_order_can_not_be_cancelled(kucoin: Any, client: Any) -> None:
    placed = await client.create_order(BTC, "market", "buy", 0.1)
    # What the two accounts say differs, and so does what ccxt makes of it.
    expected = ccxt.OrderNotFound if kucoin.settings.hf else ccxt.BadRequest

    with pytest.raises(expected):
        await client.cancel_order(placed["id"], BTC)


async def test_an_unknown_order_is_not_found(client: Any) -> None:
    with pytest.raises(ccxt.OrderNotFound):
        await client.fetch_order("nobody", BTC)
    with pytest.raises(ccxt.OrderNotFound):
        await client.fetch_order(None, BTC, {"clientOid": "nobody"})
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order("nobody", BTC)


async def test_one_client_id_is_one_order(kucoin: Any, client: Any) -> None:
    order = (BTC, "limit", "buy", 0.1, 40_000, {"clientOid": "once"})
    await client.create_order(*order)

    with pytest.raises(ccxt.InvalidOrder if kucoin.settings.hf else ccxt.BadRequest):
        await client.create_order(*order)

    ledger = kucoin.ledger()
    assert (ledger["accepted"], ledger["asked"]) == ({"once": 1}, {"once": 2})


async def test_two_requests_at_once_with_one_client_id_are_one_order(
    kucoin: Any, client: Any
) -> None:
    await client.load_markets()
    kucoin.set_faults(LoopbackFaults(accept_delay_ms=(1, 30)))
    order = (BTC, "limit", "buy", 0.01, 40_000, {"clientOid": "once"})

    answers = await asyncio.gather(
        *(client.create_order(*order) for _ in range(5)), return_exceptions=True
    )

    assert sum(isinstance(answer, dict) for answer in answers) == 1
    assert len(kucoin.ledger()["orders"]) == 1


async def test_everything_in_the_book_is_cancelled_at_once(client: Any) -> None:
    for price in (40_000, 41_000):
        await client.create_order(BTC, "limit", "buy", 0.01, price)

    await client.cancel_all_orders(BTC)

    assert await client.fetch_open_orders(BTC) == []


@pytest.mark.parametrize(
    ("side", "amount", "price", "error"),
    [
        ("buy", 1, 49_000, ccxt.InsufficientFunds),
        ("sell", 1, 51_000, ccxt.InsufficientFunds),
        ("buy", 0.00001, 5_000, ccxt.InvalidOrder),
    ],
)
async def test_what_can_not_be_is_refused(
    kucoin: Any, client: Any, side: str, amount: float, price: float, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await client.create_order(BTC, "limit", side, amount, price)

    assert kucoin.ledger()["orders"] == []


async def test_an_order_in_an_unlisted_market_is_refused(client: Any) -> None:
    await client.load_markets()
    client.markets[BTC]["id"] = "NO-PE"

    with pytest.raises(ccxt.ExchangeError):
        await client.create_order(BTC, "limit", "buy", 0.1, 40_000)


async def test_an_order_in_a_halted_market_is_refused(kucoin: Any, client: Any) -> None:
    await client.load_markets()
    kucoin.set_faults(LoopbackFaults(halted=("BTC-USDT",)))

    with pytest.raises(ccxt.BadSymbol):
        await client.create_order(BTC, "limit", "buy", 0.1, 40_000)


async def test_what_is_not_filled_at_once_is_taken_back(kucoin: Any, client: Any) -> None:
    kucoin.book("BTC-USDT", bids=[(49_999, 1)], asks=[(50_000, 0.04)])

    placed = await client.create_order(BTC, "limit", "buy", 0.1, 50_000, {"timeInForce": "IOC"})

    order = await client.fetch_order(placed["id"], BTC)
    assert (order["status"], order["filled"]) == ("canceled", 0.04)


async def test_all_or_nothing_is_nothing(kucoin: Any, client: Any) -> None:
    kucoin.book("BTC-USDT", bids=[(49_999, 1)], asks=[(50_000, 0.04)])

    placed = await client.create_order(BTC, "limit", "buy", 0.1, 50_000, {"timeInForce": "FOK"})

    order = await client.fetch_order(placed["id"], BTC)
    assert (order["status"], order["filled"]) == ("canceled", 0)


async def test_a_maker_order_never_takes(client: Any) -> None:
    placed = await client.create_order(BTC, "limit", "buy", 0.1, 50_500, {"postOnly": True})

    order = await client.fetch_order(placed["id"], BTC)
    assert (order["status"], order["filled"]) == ("canceled", 0)


async def test_a_market_order_pays_level_by_level(kucoin: Any, client: Any) -> None:
    asks = [(50_000, 0.05), (50_100, 0.05), (50_200, 5)]
    kucoin.book("BTC-USDT", bids=[(49_999, 1)], asks=asks)

    placed = await client.create_order(BTC, "market", "buy", 0.1)

    assert (await client.fetch_order(placed["id"], BTC))["average"] == 50_050


async def test_half_of_an_order_is_filled(kucoin: Any, client: Any) -> None:
    kucoin.set_faults(LoopbackFaults(half_fill=1))

    resting = await client.create_order(BTC, "limit", "buy", 0.1, 50_100)
    done = await client.create_order(BTC, "market", "buy", 0.02)

    half = await client.fetch_order(resting["id"], BTC)
    assert (half["status"], half["filled"]) == ("open", 0.05)
    rest = await client.fetch_order(done["id"], BTC)
    assert (rest["status"], rest["filled"]) == ("canceled", 0.01)


async def test_a_fill_wins_against_a_cancel(kucoin: Any, client: Any) -> None:
    placed = await client.create_order(BTC, "limit", "buy", 0.1, 40_000)
    kucoin.set_faults(LoopbackFaults(cancel_race=1))

    with pytest.raises(ccxt.ExchangeError):
        await client.cancel_order(placed["id"], BTC)

    order = await client.fetch_order(placed["id"], BTC)
    assert (order["status"], order["filled"], order["average"]) == ("closed", 0.1, 40_000)


@pytest.mark.parametrize(
    ("coin", "fee", "left"),
    [
        ("base", {"cost": 0.0001, "currency": "BTC"}, 0.0999),
        ("KCS", {"cost": 0.4000008, "currency": "KCS"}, 0.1),
    ],
)
async def test_fees_come_in_other_coins(
    opened: Any, connect: Any, coin: str, fee: dict[str, Any], left: float
) -> None:
    kucoin = await opened(fee_coin=coin, balances={"USDT": 10_000, "KCS": 5})
    client = connect(kucoin)

    await client.create_order(BTC, "market", "buy", 0.1)

    (trade,) = await client.fetch_my_trades(BTC)
    assert {key: trade["fee"][key] for key in ("cost", "currency")} == fee
    assert (await client.fetch_balance())["BTC"]["free"] == left


async def test_kcs_pays_until_there_is_none(opened: Any, connect: Any) -> None:
    kucoin = await opened(fee_coin="KCS", balances={"USDT": 10_000, "KCS": 0.1})
    client = connect(kucoin)

    await client.create_order(BTC, "market", "buy", 0.1)

    assert kucoin.ledger()["trades"][0]["fee_currency"] == "USDT"


async def test_a_classic_account_may_forget_client_ids(opened: Any, connect: Any) -> None:
    kucoin = await opened(reuse_client_oid=True)
    client = connect(kucoin)

    for _ in range(2):
        await client.create_order(BTC, "market", "buy", 0.01, None, {"clientOid": "again"})

    assert kucoin.ledger()["accepted"] == {"again": 2}


async def test_an_order_placed_by_hand_has_no_client_id(kucoin: Any, client: Any) -> None:
    order_id = kucoin.place(
        ByHand(symbol="BTC-USDT", side="buy", type="limit", amount=0.1, price=40_000)
    )

    (foreign,) = await client.fetch_open_orders(BTC)
    assert (foreign["id"], foreign["clientOrderId"]) == (order_id, None)
    kucoin.cancel(order_id)
    assert await client.fetch_open_orders(BTC) == []
