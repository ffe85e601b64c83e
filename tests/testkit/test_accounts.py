"""Balances, statements, the key, and what moves money."""

from typing import Any

import pytest

BTC = "BTC/USDT"


@pytest.fixture(params=[False, True], ids=["classic", "hf"])
async def kucoin(request: Any, opened: Any) -> Any:
    return await opened(hf=request.param)


async def test_a_trade_is_two_lines_of_the_statement(client: Any) -> None:
    await client.create_order(BTC, "market", "buy", 0.1)

    lines = await client.fetch_ledger()

    moved = {line["currency"]: (line["direction"], line["amount"]) for line in lines}
    assert moved == {"BTC": ("in", 0.1), "USDT": ("out", 5_000.01)}
    (trade,) = await client.fetch_my_trades(BTC)
    assert {line["referenceId"] for line in lines} == {trade["id"]}


async def test_deposits_and_withdrawals_are_listed(kucoin: Any, client: Any) -> None:
    kucoin.transfer("USDT", 500)
    kucoin.transfer("USDT", -200)

    (deposit,) = await client.fetch_deposits("USDT")
    (withdrawal,) = await client.fetch_withdrawals("USDT")

    assert (deposit["amount"], deposit["status"]) == (500, "ok")
    assert (withdrawal["amount"], withdrawal["status"]) == (200, "ok")
    assert (await client.fetch_balance())["USDT"]["free"] == 10_300
    assert await client.fetch_transfers("USDT") == []


async def test_the_futures_account_has_its_own_money(kucoin: Any, client: Any) -> None:
    kucoin.transfer("USDT", 500, account="futures")

    assert (await client.fetch_balance({"type": "swap"}))["USDT"]["free"] == 10_500
    lines = await client.fetch_ledger("USDT", params={"type": "swap", "hf": False})
    assert [line["amount"] for line in lines] == [500]


async def test_the_key_tells_what_it_may_do(opened: Any, connect: Any) -> None:
    kucoin = await opened(permissions="General,Spot,Withdrawal", ip_list="192.0.2.1")

    told = await connect(kucoin).private_get_user_api_key()

    assert told["data"]["permission"] == "General,Spot,Withdrawal"
    assert (told["data"]["ipWhitelist"], told["data"]["isMaster"]) == ("192.0.2.1", True)


async def test_fees_are_told(client: Any) -> None:
    spot = await client.fetch_trading_fee(BTC)
    futures = await client.fetch_trading_fee("BTC/USDT:USDT")

    assert (spot["maker"], spot["taker"]) == (0.001, 0.001)
    assert (futures["maker"], futures["taker"]) == (0.0002, 0.0006)
