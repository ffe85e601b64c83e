"""Whatever goes wrong on the way, the exchange's own books add up."""

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from trading_mcp.testkit.kucoin import LoopbackFaults

BTC = "BTC/USDT"
WILD = LoopbackFaults(
    reset=0.05,
    cut=0.05,
    http_500=0.05,
    http_502=0.05,
    html_200=0.05,
    empty_200=0.05,
    code_408000=0.05,
    unknown_code=0.05,
    duplicate_oid=0.05,
    accept_delay_ms=(0, 20),
    half_fill=0.3,
    cancel_race=0.3,
    duplicate_push=0.2,
    late_push=0.2,
    late_ms=20,
    reorder_push=0.2,
)


async def trade(client: Any, number: int) -> None:
    """Place an order, send it again if in doubt, and take it back."""
    side, kind = ("buy", "sell")[number % 2], ("market", "limit")[number % 3 % 2]
    price = None if kind == "market" else (49_000 if side == "buy" else 51_000)
    params = {"clientOid": f"order-{number}"}
    for _ in range(3):
        try:
            await client.create_order(BTC, kind, side, 0.01, price, params)
        except (ccxt.BaseError, TypeError):
            continue
    try:
        await client.cancel_order(None, BTC, params)
    except (ccxt.BaseError, TypeError):
        return


@pytest.mark.parametrize("hf", [False, True])
@pytest.mark.parametrize("coin", ["quote", "base", "KCS"])
async def test_money_and_orders_add_up(opened: Any, connect: Any, hf: bool, coin: str) -> None:
    balances = {"USDT": 50_000, "BTC": 1, "KCS": 0.5}
    kucoin = await opened(hf=hf, fee_coin=coin, balances=balances, seed=7)
    client = connect(kucoin)
    await client.load_markets()
    kucoin.set_faults(WILD)

    await asyncio.gather(*(trade(client, number) for number in range(40)))
    kucoin.price("BTC-USDT", 52_000)
    kucoin.price("BTC-USDT", 48_000)

    ledger = kucoin.ledger()
    assert set(ledger["accepted"].values()) == {1}
    assert all(n >= ledger["accepted"].get(oid, 0) for oid, n in ledger["asked"].items())
    assert {name: b["total"] for name, b in ledger["balances"]["spot"].items()} == expected(
        balances, ledger["trades"]
    )
    assert filled_by_trades(ledger) == {
        order["id"]: Decimal(order["filled"]) for order in ledger["orders"]
    }


def expected(balances: dict[str, float], trades: list[dict[str, Any]]) -> dict[str, str]:
    left = {currency: Decimal(str(amount)) for currency, amount in balances.items()}
    for trade in trades:
        sign = 1 if trade["side"] == "buy" else -1
        amount, price = Decimal(trade["amount"]), Decimal(trade["price"])
        left["BTC"] += sign * amount
        left["USDT"] -= sign * amount * price
        left[trade["fee_currency"]] -= Decimal(trade["fee"])
    return {currency: f"{amount.normalize():f}" for currency, amount in left.items()}


def filled_by_trades(ledger: dict[str, Any]) -> dict[str, Decimal]:
    found: Counter[str] = Counter()
    total = {order["id"]: Decimal(0) for order in ledger["orders"]}
    for trade in ledger["trades"]:
        total[trade["order_id"]] += Decimal(trade["amount"])
        found[trade["id"]] += 1
    assert set(found.values()) <= {1}
    return total
