"""The loopback's answers and pushes have the fields and types of KuCoin's own documentation."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import ccxt.pro
import pytest
from wire_recordings import examples, needs_recordings, sent_messages
from wire_shapes import missing

from trading_mcp.testkit.kucoin import LoopbackSettings, loopback_kucoin, point_at

pytestmark = needs_recordings
DOCUMENTED = examples()

Question = tuple[str, str, str, Any]

SPOT: list[Question] = [
    ("spot.market.get_all_symbols", "public", "symbols", {"version": "v2"}),
    ("spot.market.get_symbol", "public", "symbols/BTC-USDT", {"version": "v2"}),
    ("spot.market.get_all_currencies", "public", "currencies", {"version": "v3"}),
    ("spot.market.get_all_tickers", "public", "market/allTickers", {}),
    ("spot.market.get24hr_stats", "public", "market/stats", {"symbol": "BTC-USDT"}),
    ("spot.market.get_ticker", "public", "market/orderbook/level1", {"symbol": "BTC-USDT"}),
    ("spot.market.get_part_order_book", "public", "market/orderbook/level2_20", "BTC-USDT"),
    ("spot.market.get_full_order_book", "private", "market/orderbook/level2", "v3 BTC-USDT"),
    ("spot.market.get_trade_history", "public", "market/histories", "BTC-USDT"),
    ("spot.market.get_klines", "public", "market/candles", "BTC-USDT 1min"),
    ("spot.market.get_server_time", "public", "timestamp", {}),
    ("spot.market.get_service_status", "public", "status", {}),
    ("spot.market.get_market_list", "public", "markets", {}),
    ("margin.market.get_mark_price_detail", "public", "mark-price/BTC-USDT/current", {}),
    ("account.account.get_apikey_info", "private", "user/api-key", {}),
    ("account.account.get_account_info", "private", "user-info", {"version": "v2"}),
    ("account.account.get_spot_account_type", "private", "hf/accounts/opened", {}),
    ("account.account.get_spot_account_list", "private", "accounts", {}),
    ("account.account.get_spot_ledger", "private", "accounts/ledgers", {}),
    ("account.account.get_spot_hf_ledger", "private", "hf/accounts/ledgers", {}),
    ("account.deposit.get_deposit_history", "private", "deposits", {}),
    ("account.withdrawal.get_withdrawal_history", "private", "withdrawals", {}),
    ("account.fee.get_basic_fee", "private", "base-fee", {}),
    ("account.fee.get_spot_actual_fee", "private", "trade-fees", {"symbols": "BTC-USDT"}),
    ("spot.order.get_orders_list_old", "private", "orders", {"status": "done"}),
    ("spot.order.get_recent_orders_list_old", "private", "limit/orders", {}),
    ("spot.order.get_order_by_order_id_old", "private", "orders/{done}", {}),
    ("spot.order.get_order_by_client_oid_old", "private", "order/client-order/done", {}),
    ("spot.order.get_trade_history_old", "private", "fills", {}),
    ("spot.order.get_recent_trade_history_old", "private", "limit/fills", {}),
    ("spot.order.get_open_orders", "private", "hf/orders/active", "BTC-USDT"),
    ("spot.order.get_open_orders_by_page", "private", "hf/orders/active/page", "BTC-USDT"),
    ("spot.order.get_symbols_with_open_order", "private", "hf/orders/active/symbols", {}),
    ("spot.order.get_closed_orders", "private", "hf/orders/done", "BTC-USDT"),
    ("spot.order.get_order_by_order_id", "private", "hf/orders/{done}", "BTC-USDT"),
    ("spot.order.get_order_by_client_oid", "private", "hf/orders/client-order/done", {}),
    ("spot.order.get_trade_history", "private", "hf/fills", "BTC-USDT"),
    ("spot.order.get_dcp", "private", "hf/orders/dead-cancel-all/query", {}),
    ("spot.order.get_stop_orders_list", "private", "stop-order", {}),
    ("spot.order.get_stop_order_by_order_id", "private", "stop-order/{stop}", {}),
    (
        "spot.order.get_stop_order_by_client_oid",
        "private",
        "stop-order/queryOrderByClientOid",
        {"clientOid": "stop"},
    ),
]
FUTURES: list[Question] = [
    ("futures.market.get_all_symbols", "futuresPublic", "contracts/active", {}),
    ("futures.market.get_symbol", "futuresPublic", "contracts/XBTUSDTM", {}),
    ("futures.market.get_ticker", "futuresPublic", "ticker", "XBTUSDTM"),
    ("futures.market.get_all_tickers", "futuresPublic", "allTickers", {}),
    ("futures.market.get_full_order_book", "futuresPublic", "level2/snapshot", "XBTUSDTM"),
    ("futures.market.get_part_order_book", "futuresPublic", "level2/depth20", "XBTUSDTM"),
    ("futures.market.get_trade_history", "futuresPublic", "trade/history", "XBTUSDTM"),
    ("futures.market.get_klines", "futuresPublic", "kline/query", "XBTUSDTM 1"),
    ("futures.market.get_mark_price", "futuresPublic", "mark-price/XBTUSDTM/current", {}),
    ("futures.market.get24hr_stats", "futuresPublic", "trade-statistics", {}),
    ("futures.market.get_server_time", "futuresPublic", "timestamp", {}),
    ("futures.market.get_service_status", "futuresPublic", "status", {}),
    (
        "futures.fundingfees.get_current_funding_rate",
        "futuresPublic",
        "funding-rate/XBTUSDTM/current",
        {},
    ),
    (
        "futures.fundingfees.get_public_funding_history",
        "futuresPublic",
        "contract/funding-rates",
        "XBTUSDTM",
    ),
    (
        "futures.fundingfees.get_private_funding_history",
        "futuresPrivate",
        "funding-history",
        "XBTUSDTM",
    ),
    ("futures.order.get_order_by_order_id", "futuresPrivate", "orders/{future}", {}),
    (
        "futures.order.get_order_by_client_oid",
        "futuresPrivate",
        "orders/byClientOid",
        {"clientOid": "future"},
    ),
    ("futures.order.get_order_list", "futuresPrivate", "orders", {"status": "done"}),
    ("futures.order.get_recent_closed_orders", "futuresPrivate", "recentDoneOrders", {}),
    ("futures.order.get_stop_order_list", "futuresPrivate", "stopOrders", {}),
    ("futures.order.get_trade_history", "futuresPrivate", "fills", {}),
    ("futures.order.get_recent_trade_history", "futuresPrivate", "recentFills", {}),
    ("futures.order.get_open_order_value", "futuresPrivate", "openOrderStatistics", "XBTUSDTM"),
    ("futures.positions.get_position_details", "futuresPrivate", "position", "XBTUSDTM"),
    (
        "futures.positions.get_margin_mode",
        "futuresPrivate",
        "position/getMarginMode",
        "v2 XBTUSDTM",
    ),
    (
        "futures.positions.get_cross_margin_leverage",
        "futuresPrivate",
        "getCrossUserLeverage",
        "v2 XBTUSDTM",
    ),
    (
        "futures.positions.get_isolated_margin_risk_limit",
        "futuresPrivate",
        "contracts/risk-limit/XBTUSDTM",
        {},
    ),
    ("account.account.get_futures_account", "futuresPrivate", "account-overview", {}),
    ("account.account.get_futures_ledger", "futuresPrivate", "transaction-history", {}),
    ("account.fee.get_futures_actual_fee", "futuresPrivate", "trade-fees", "XBTUSDTM"),
]
BTC = {"clientOid": "", "symbol": "BTC-USDT", "side": "buy", "size": "0.01"}
XBT = {"clientOid": "", "symbol": "XBTUSDTM", "side": "buy", "size": 1, "leverage": 2}
DOING = [
    ("spot.order.add_order_old", "private", "POST", "orders", {**BTC, "type": "market"}),
    ("spot.order.add_order", "private", "POST", "hf/orders", {**BTC, "type": "market"}),
    ("spot.order.add_order_sync", "private", "POST", "hf/orders/sync", {**BTC, "type": "market"}),
    ("spot.order.add_order_test", "private", "POST", "hf/orders/test", {**BTC, "type": "market"}),
    ("spot.order.add_order_test_old", "private", "POST", "orders/test", {**BTC, "type": "market"}),
    (
        "spot.order.add_stop_order",
        "private",
        "POST",
        "stop-order",
        {**BTC, "type": "market", "stop": "entry", "stopPrice": "90000"},
    ),
    ("spot.order.set_dcp", "private", "POST", "hf/orders/dead-cancel-all", {"timeout": 30}),
    ("spot.order.cancel_order_by_order_id_old", "private", "DELETE", "orders/{open}", {}),
    (
        "spot.order.cancel_order_by_client_oid_old",
        "private",
        "DELETE",
        "order/client-order/open",
        {},
    ),
    ("spot.order.cancel_order_by_order_id", "private", "DELETE", "hf/orders/{open}", "BTC-USDT"),
    (
        "spot.order.cancel_order_by_client_oid",
        "private",
        "DELETE",
        "hf/orders/client-order/open",
        "BTC-USDT",
    ),
    (
        "spot.order.cancel_order_by_order_id_sync",
        "private",
        "DELETE",
        "hf/orders/sync/{open}",
        "BTC-USDT",
    ),
    (
        "spot.order.cancel_order_by_client_oid_sync",
        "private",
        "DELETE",
        "hf/orders/sync/client-order/open",
        "BTC-USDT",
    ),
    ("spot.order.batch_cancel_order_old", "private", "DELETE", "orders", "BTC-USDT"),
    ("spot.order.cancel_all_orders_by_symbol", "private", "DELETE", "hf/orders", "BTC-USDT"),
    ("spot.order.cancel_stop_order_by_order_id", "private", "DELETE", "stop-order/{stop}", {}),
    (
        "spot.order.cancel_stop_order_by_client_oid",
        "private",
        "DELETE",
        "stop-order/cancelOrderByClientOid",
        {"clientOid": "stop"},
    ),
    ("spot.order.batch_cancel_stop_order", "private", "DELETE", "stop-order/cancel", {}),
    (
        "futures.order.add_order",
        "futuresPrivate",
        "POST",
        "orders",
        {**XBT, "type": "limit", "price": "1000"},
    ),
    (
        "futures.order.add_order_test",
        "futuresPrivate",
        "POST",
        "orders/test",
        {**XBT, "type": "market"},
    ),
    ("futures.order.cancel_order_by_id", "futuresPrivate", "DELETE", "orders/{future_open}", {}),
    (
        "futures.order.cancel_order_by_client_oid",
        "futuresPrivate",
        "DELETE",
        "orders/client-order/future_open",
        "XBTUSDTM",
    ),
    ("futures.order.cancel_all_orders_v1", "futuresPrivate", "DELETE", "orders", "XBTUSDTM"),
    ("futures.order.cancel_all_orders_v3", "futuresPrivate", "DELETE", "orders", "v3 XBTUSDTM"),
    ("futures.order.cancel_all_stop_orders", "futuresPrivate", "DELETE", "stopOrders", "XBTUSDTM"),
    (
        "futures.positions.modify_margin_leverage",
        "futuresPrivate",
        "POST",
        "changeCrossUserLeverage",
        {"version": "v2", "symbol": "XBTUSDTM", "leverage": "3"},
    ),
    (
        "futures.positions.switch_margin_mode",
        "futuresPrivate",
        "POST",
        "position/changeMarginMode",
        {"version": "v2", "symbol": "XBTUSDTM", "marginMode": "ISOLATED"},
    ),
    ("spot.market.get_public_token", "public", "POST", "bullet-public", {}),
    ("spot.market.get_private_token", "private", "POST", "bullet-private", {}),
]


@pytest.fixture
async def kucoin() -> AsyncIterator[Any]:
    settings = LoopbackSettings(
        symbols=("BTC-USDT", "XBTUSDTM"), tick_ms=20, ip_list="192.0.2.1", balances={"USDT": 90_000}
    )
    async with loopback_kucoin(settings) as loopback:
        loopback.price("BTC-USDT", 50_000, volume=1)
        loopback.price("XBTUSDTM", 50_000, volume=1)
        yield loopback


@pytest.fixture
async def client(kucoin: Any) -> AsyncIterator[Any]:
    keys = kucoin.settings
    config = {"apiKey": keys.api_key, "secret": keys.secret, "password": keys.passphrase}
    client = ccxt.pro.kucoin({**config, "enableRateLimit": False})
    client.timeout_on_exit = 0
    yield point_at(client, kucoin.base_url)
    await client.close()


@pytest.fixture
async def ids(kucoin: Any, client: Any) -> dict[str, str]:
    """Let everything have happened once; return the orders by name."""
    kucoin.transfer("USDT", 1_000)
    kucoin.transfer("USDT", -10)
    kucoin.transfer("USDT", 1_000, account="futures")
    spot, futures = "BTC/USDT", "BTC/USDT:USDT"
    placed = {
        "done": (spot, "market", "buy", 0.01, None, {}),
        "open": (spot, "limit", "buy", 0.01, 40_000, {}),
        "stop": (spot, "limit", "sell", 0.01, 44_000, {"stopLossPrice": 45_000}),
        "future": (futures, "market", "buy", 10, None, {"leverage": 5}),
        "future_open": (futures, "limit", "buy", 10, 40_000, {"leverage": 5}),
        "future_stop": (futures, "market", "sell", 10, None, {"stopLossPrice": 45_000}),
    }
    found = {}
    for name, (*order, params) in placed.items():
        answer = await client.create_order(*order, {**params, "clientOid": name})
        found[name] = answer["id"]
    kucoin.fund("XBTUSDTM", 0.001)
    await client.private_post_hf_orders_dead_cancel_all({"timeout": 60, "symbols": "BTC-USDT"})
    return found


def params_of(params: Any) -> dict[str, Any]:
    """Spell out the short way of writing a market, a version and an interval."""
    if not isinstance(params, str):
        return dict(params)
    spelled: dict[str, Any] = {}
    for word in params.split():
        if word in ("v2", "v3"):
            spelled["version"] = word
        elif word == "1min":
            spelled["type"] = word
        elif word == "1":
            spelled["granularity"] = 1
        else:
            spelled["symbol"] = word
    return spelled


@pytest.mark.parametrize("questions", [SPOT, FUTURES], ids=["spot", "futures"])
async def test_questions_are_answered_as_documented(
    client: Any, ids: dict[str, str], questions: list[Question]
) -> None:
    found = {}
    for example, api, path, params in questions:
        answer = await client.request(path.format(**ids), [api], "GET", params_of(params))
        found[example] = list(missing(DOCUMENTED[f"{example}.response"], answer))

    assert {example: lines for example, lines in found.items() if lines} == {}


@pytest.mark.parametrize(("example", "api", "method", "path", "params"), DOING)
async def test_a_wish_is_answered_as_documented(
    client: Any,
    ids: dict[str, str],
    example: str,
    api: str,
    method: str,
    path: str,
    params: Any,
) -> None:
    documented = DOCUMENTED[f"{example}.response"]
    asked = params_of(params)
    if "clientOid" in asked and not asked["clientOid"]:
        asked["clientOid"] = "another"

    answer = await client.request(path.format(**ids), [api], method, asked)

    assert list(missing(documented, answer)) == []


PUSHES = [
    ("spot.spot_public.symbol_snapshot", "/market/snapshot:BTC-USDT"),
    ("spot.spot_public.orderbook_increment", "/market/level2:BTC-USDT"),
    ("spot.spot_public.orderbook_level1", "/spotMarket/level1:BTC-USDT"),
    ("spot.spot_public.orderbook_level5", "/spotMarket/level2Depth5:BTC-USDT"),
    ("spot.spot_public.klines", "/market/candles:BTC-USDT_1hour"),
    ("spot.spot_public.all_tickers", "/market/ticker:all"),
    ("spot.spot_public.trade", "/market/match:BTC-USDT"),
    ("spot.spot_private.account", "/account/balance"),
    ("spot.spot_private.order_v1", "/spotMarket/tradeOrders"),
    ("spot.spot_private.order_v2", "/spotMarket/tradeOrdersV2"),
    ("spot.spot_private.stop_order", "/spotMarket/advancedOrders"),
    ("futures.futures_public.ticker_v1", "/contractMarket/ticker:XBTUSDTM"),
    ("futures.futures_public.ticker_v2", "/contractMarket/tickerV2:XBTUSDTM"),
    ("futures.futures_public.orderbook_increment", "/contractMarket/level2:XBTUSDTM"),
    ("futures.futures_public.orderbook_level5", "/contractMarket/level2Depth5:XBTUSDTM"),
    ("futures.futures_public.klines", "/contractMarket/limitCandle:XBTUSDTM_1min"),
    ("futures.futures_public.execution", "/contractMarket/execution:XBTUSDTM"),
    ("futures.futures_public.instrument", "/contract/instrument:XBTUSDTM"),
    ("futures.futures_public.symbol_snapshot", "/contractMarket/snapshot:XBTUSDTM"),
    ("futures.futures_private.all_order", "/contractMarket/tradeOrders"),
    ("futures.futures_private.order", "/contractMarket/tradeOrders:XBTUSDTM"),
    ("futures.futures_private.stop_orders", "/contractMarket/advancedOrders"),
    ("futures.futures_private.balance", "/contractAccount/wallet"),
    ("futures.futures_private.position", "/contract/position:XBTUSDTM"),
    ("futures.futures_private.all_position", "/contract/positionAll"),
]
# What one connection adds, and what tells which message it is rather than what it says.
ENVELOPE = ("id", "sn", "topic", "subject")


async def pushed(kucoin: Any, client: Any, topic: str) -> dict[str, Any]:
    """Listen to a topic while everything happens; return the first message."""
    token = (await client.private_post_bullet_private())["data"]["token"]
    async with client.session.ws_connect(f"{kucoin.ws_url}?token={token}") as socket:
        await socket.receive_json()
        await socket.send_json({"id": 1, "type": "subscribe", "topic": topic, "response": True})
        assert (await socket.receive_json())["type"] == "ack"
        kucoin.price("BTC-USDT", 50_000, volume=1)
        kucoin.price("XBTUSDTM", 50_000, volume=1)
        orders = [("BTC/USDT", 0.01, 0.01, 40_000), ("BTC/USDT:USDT", 1, 1, 40_000)]
        for symbol, amount, _, price in orders:
            await client.create_order(symbol, "limit", "buy", amount, price)
            await client.create_order(symbol, "market", "buy", amount)
            stop = {"triggerPrice": 90_000}
            await client.create_order(symbol, "limit", "buy", amount, 91_000, stop)
        async with asyncio.timeout(10):
            found: dict[str, Any] = await socket.receive_json()
    return found


@pytest.mark.parametrize(("example", "topic"), PUSHES)
async def test_a_push_is_as_documented(kucoin: Any, client: Any, example: str, topic: str) -> None:
    documented = DOCUMENTED[f"{example}.ws_message"]

    found = await pushed(kucoin, client, topic)

    wanted = {key: value for key, value in documented.items() if key not in ENVELOPE}
    assert list(missing(wanted, found)) == []
    if "all" not in example:
        assert found["subject"] == documented["subject"]


async def test_the_matches_of_an_order_are_as_they_were_sent(kucoin: Any, client: Any) -> None:
    sent = {
        (message["topic"], message["data"]["type"]): message
        for message in sent_messages()
        if message.get("topic") == "/spotMarket/tradeOrders"
    }
    token = (await client.private_post_bullet_private())["data"]["token"]
    async with client.session.ws_connect(f"{kucoin.ws_url}?token={token}") as socket:
        await socket.receive_json()
        topic = "/spotMarket/tradeOrders"
        await socket.send_json({"id": 1, "type": "subscribe", "topic": topic})
        placed = await client.create_order("BTC/USDT", "limit", "buy", 0.01, 40_000)
        kucoin.fill(placed["id"], 0.005)
        await client.cancel_order(placed["id"], "BTC/USDT")
        await client.create_order("BTC/USDT", "limit", "buy", 0.01, 51_000)
        async with asyncio.timeout(10):
            found = [await socket.receive_json() for _ in range(5)]

    assert [message["data"]["type"] for message in found] == [
        "open",
        "match",
        "canceled",
        "match",
        "filled",
    ]
    for message in found:
        documented = sent[topic, message["data"]["type"]]
        assert list(missing(documented, message)) == []
