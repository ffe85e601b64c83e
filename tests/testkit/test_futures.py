"""Perpetuals by real ccxt: amounts are contracts, 0.001 BTC each."""

from typing import Any

import ccxt
import pytest

BTC = "BTC/USDT:USDT"


async def enter(client: Any, side: str = "buy", amount: int = 10, **params: Any) -> Any:
    return await client.create_order(BTC, "market", side, amount, None, {"leverage": 5, **params})


async def test_a_market_order_opens_a_position(client: Any) -> None:
    placed = await enter(client, clientOid="a")

    order = await client.fetch_order(placed["id"], BTC)
    assert (order["status"], order["filled"], order["average"]) == ("closed", 10, 50_000.1)
    (position,) = await client.fetch_positions()
    assert (position["symbol"], position["side"], position["contracts"]) == (BTC, "long", 10)
    assert (position["entryPrice"], position["leverage"]) == (50_000.1, 5)
    assert position["liquidationPrice"] == pytest.approx(40_201, abs=1)
    assert position["initialMargin"] == pytest.approx(100, abs=0.01)


async def test_a_short_is_negative_only_inside(client: Any) -> None:
    await enter(client, "sell")

    position = await client.fetch_position(BTC)

    assert (position["side"], position["contracts"]) == ("short", 10)


async def test_profit_shows_in_the_account(kucoin: Any, client: Any) -> None:
    await enter(client)
    before = (await client.fetch_balance({"type": "swap"}))["USDT"]["total"]

    kucoin.price("XBTUSDTM", 51_000)

    assert (await client.fetch_position(BTC))["unrealizedPnl"] == pytest.approx(9.999)
    after = (await client.fetch_balance({"type": "swap"}))["USDT"]["total"]
    assert after - before == pytest.approx(10)


async def test_a_position_is_closed_by_an_order_that_only_reduces(client: Any) -> None:
    await enter(client)

    await client.create_order(BTC, "market", "sell", 10, None, {"reduceOnly": True})

    assert await client.fetch_positions() == []
    assert len(await client.fetch_my_trades(BTC)) == 2


async def test_a_position_is_closed_by_name(client: Any) -> None:
    await enter(client)

    await client.close_position(BTC)

    assert await client.fetch_positions() == []


async def test_nothing_can_be_reduced_where_nothing_is(client: Any) -> None:
    with pytest.raises(ccxt.InvalidOrder):
        await client.create_order(BTC, "market", "sell", 10, None, {"reduceOnly": True})


async def test_more_than_the_money_is_refused(client: Any) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        await client.create_order(BTC, "limit", "buy", 10_000, 49_000, {"leverage": 2})


async def test_a_limit_order_is_listed_filled_and_done(kucoin: Any, client: Any) -> None:
    placed = await client.create_order(BTC, "limit", "buy", 10, 49_000, {"clientOid": "mine"})

    (resting,) = await client.fetch_open_orders(BTC)
    kucoin.price("XBTUSDTM", 48_990)
    (done,) = await client.fetch_closed_orders(BTC)

    assert (resting["id"], resting["status"]) == (placed["id"], "open")
    assert (done["id"], done["status"], done["average"]) == (placed["id"], "closed", 49_000)
    assert (await client.fetch_order(None, BTC, {"clientOid": "mine"}))["filled"] == 10


@pytest.mark.parametrize("by", ["id", "client id"])
async def test_an_order_is_cancelled(client: Any, by: str) -> None:
    placed = await client.create_order(BTC, "limit", "buy", 10, 49_000, {"clientOid": "mine"})

    if by == "id":
        await client.cancel_order(placed["id"], BTC)
    else:
        await client.cancel_order(None, BTC, {"clientOid": "mine"})

    assert (await client.fetch_order(placed["id"], BTC))["status"] == "canceled"


async def test_an_ended_order_can_not_be_cancelled(client: Any) -> None:
    placed = await enter(client)

    with pytest.raises(ccxt.BadRequest):
        await client.cancel_order(placed["id"], BTC)


async def test_an_unknown_order_is_not_found(client: Any) -> None:
    with pytest.raises(ccxt.OrderNotFound):
        await client.fetch_order("1", BTC)
    with pytest.raises(ccxt.OrderNotFound):
        await client.fetch_order(None, BTC, {"clientOid": "nobody"})


async def test_everything_is_cancelled_at_once(client: Any) -> None:
    await client.create_order(BTC, "limit", "buy", 10, 49_000)
    await client.create_order(BTC, "market", "sell", 10, None, {"stopLossPrice": 45_000})

    await client.cancel_all_orders(BTC)
    assert await client.fetch_open_orders(BTC) == []
    await client.cancel_all_orders(BTC, {"trigger": True})
    assert await client.fetch_open_orders(BTC, params={"trigger": True}) == []


async def test_one_client_id_is_one_order(kucoin: Any, client: Any) -> None:
    await enter(client, clientOid="once")

    with pytest.raises(ccxt.BadRequest):
        await enter(client, clientOid="once")

    assert kucoin.ledger()["accepted"] == {"once": 1}


async def test_a_stop_waits_and_goes_on_under_its_own_id(kucoin: Any, client: Any) -> None:
    await enter(client)
    stop = {"stopLossPrice": 49_000, "clientOid": "guard"}
    placed = await client.create_order(BTC, "market", "sell", 10, None, stop)

    (waiting,) = await client.fetch_open_orders(BTC, params={"trigger": True})
    kucoin.price("XBTUSDTM", 48_900)
    order = await client.fetch_order(placed["id"], BTC)

    assert (waiting["id"], waiting["triggerPrice"]) == (placed["id"], 49_000)
    assert (order["status"], order["filled"], order["average"]) == ("closed", 10, 48_899.9)
    assert await client.fetch_positions() == []
    assert (await client.fetch_order(None, BTC, {"clientOid": "guard"}))["id"] == placed["id"]


async def test_a_waiting_stop_is_cancelled_like_any_order(client: Any) -> None:
    stop = {"triggerPrice": 51_000}
    placed = await client.create_order(BTC, "market", "buy", 10, None, stop)

    await client.cancel_order(placed["id"], BTC)

    assert await client.fetch_open_orders(BTC, params={"trigger": True}) == []


async def test_leverage_of_cross_positions_is_set(client: Any) -> None:
    await client.set_leverage(7, BTC, {"marginMode": "cross"})

    leverage = await client.fetch_leverage(BTC)
    await client.create_order(BTC, "market", "buy", 10, None, {"marginMode": "cross"})

    assert leverage["longLeverage"] == 7
    assert (await client.fetch_position(BTC))["leverage"] == 7


async def test_the_margin_mode_is_set(client: Any) -> None:
    await client.set_margin_mode("cross", BTC)

    assert (await client.fetch_margin_mode(BTC))["marginMode"] == "cross"
    assert (await client.fetch_position_mode(BTC))["hedged"] is False


async def test_funding_is_paid_and_listed(kucoin: Any, client: Any) -> None:
    await enter(client)

    kucoin.fund("XBTUSDTM", 0.001)

    (paid,) = await client.fetch_funding_history(BTC)
    assert (paid["amount"], paid["code"]) == (-0.5, "USDT")
    assert paid["info"]["positionQty"] == 10
    # The statement calls funding what it calls every profit and loss. Lines of the same
    # millisecond come in any order.
    ledger = await client.fetch_ledger("USDT", params={"type": "swap"})
    assert sorted(line["info"]["amount"] for line in ledger) == [-0.5, -0.3000006]


async def test_a_position_without_margin_is_closed_by_force(kucoin: Any, client: Any) -> None:
    await enter(client)

    kucoin.price("XBTUSDTM", 39_000)

    assert await client.fetch_positions() == []
    assert kucoin.ledger()["positions"] == {}


async def test_a_halted_contract_takes_no_orders(opened: Any, connect: Any) -> None:
    from trading_mcp.testkit.kucoin import LoopbackFaults

    kucoin = await opened(faults=LoopbackFaults(halted=("XBTUSDTM",)))

    with pytest.raises(ccxt.InvalidOrder):
        await enter(connect(kucoin))


async def waits_to_leave(client: Any) -> tuple[str, str]:
    """Place an exit at 51,000 and a stop at 49,000, each for all of a position of 10."""
    await enter(client)
    reduces = {"reduceOnly": True}
    out = await client.create_order(BTC, "limit", "sell", 10, 51_000, reduces)
    stop = {"triggerPrice": 49_000, "stopPriceType": "TP", **reduces}
    guard = await client.create_order(BTC, "market", "sell", 10, None, stop)
    return out["id"], guard["id"]


async def ended(client: Any, order_id: str) -> tuple[str, float]:
    order = await client.fetch_order(order_id, BTC)
    return order["status"], order["filled"]


@pytest.mark.parametrize(("price", "trades"), [(51_010, 0), (48_990, 1)])
async def test_of_two_orders_that_only_reduce_the_first_to_trade_leaves_the_other_nothing(
    kucoin: Any, client: Any, price: float, trades: int
) -> None:
    both = await waits_to_leave(client)

    kucoin.price("XBTUSDTM", price)
    kucoin.price("XBTUSDTM", 48_990)

    assert await ended(client, both[trades]) == ("closed", 10)
    assert await ended(client, both[1 - trades]) == ("canceled", 0)
    assert await client.fetch_positions() == []


async def test_an_order_that_only_reduces_is_cut_to_what_is_left_when_it_trades(
    kucoin: Any, client: Any
) -> None:
    out, guard = await waits_to_leave(client)
    await client.create_order(BTC, "market", "sell", 4, None, {"reduceOnly": True})
    assert (await ended(client, out))[0] == (await ended(client, guard))[0] == "open"

    kucoin.price("XBTUSDTM", 51_010)

    assert await ended(client, out) == ("canceled", 6)
    assert await client.fetch_positions() == []
