"""ccxt's reading of a stream outlives whatever an exchange says, and takes in nothing wrong."""

import copy
import json
import logging
from typing import Any

import pytest
from canned_exchanges import REAL, canned_client, kucoin_wire
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trading_mcp.adapters.ccxt.wary import wary

_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["NaN", "-1", "1e999", "0", [], {}, [[]], "BTC-USDT"]),
)


class Line:
    """Stands for ccxt's connection."""

    url = "ws://test"

    def __init__(self) -> None:
        self.subscriptions: dict[str, Any] = {}
        self.told, self.failed = list[str](), list[Exception]()

    def resolve(self, answer: Any, name: str) -> None:
        self.told.append(name)

    def reject(self, error: Exception, name: str = "") -> None:
        self.failed.append(error)


async def _kucoin() -> Any:
    client, _ = canned_client("kucoin", kucoin_wire())
    await client.load_markets()
    client.spawn = lambda method, *arguments: None
    return client


def _recorded() -> list[dict[str, Any]]:
    file = REAL / "wire" / "kucoin" / "gocryptotrader_ws_messages.json"
    if not file.exists():
        pytest.skip(f"no recordings at {file}")
    messages: list[dict[str, Any]] = json.loads(file.read_text())["messages"]
    return messages


async def test_every_recorded_message_is_read() -> None:
    client, line = await _kucoin(), Line()

    for message in _recorded():
        client.handle_message(line, copy.deepcopy(message))

    assert line.told


_TRADE = {
    "topic": "/market/match:BTC-USDT",
    "type": "message",
    "subject": "trade.l3match",
    "data": {
        "makerOrderId": "671b5007389355000701b1d3",
        "price": "67523",
        "sequence": "11067996711960577",
        "side": "buy",
        "size": "0.003",
        "symbol": "BTC-USDT",
        "takerOrderId": "671b50161777ff00074c168d",
        "time": "1729843222921000000",
        "tradeId": "11067996711960577",
        "type": "match",
    },
}
_BOOK = {
    "topic": "/market/level2:BTC-USDT",
    "type": "message",
    "subject": "trade.l2update",
    "data": {
        "changes": {"asks": [["67993.3", "1.21427407", "14701689783"]], "bids": []},
        "sequenceEnd": 14701689783,
        "sequenceStart": 14701689783,
        "symbol": "BTC-USDT",
        "time": 1729816425625,
    },
}
_CANDLE = {
    "topic": "/market/candles:BTC-USDT_1min",
    "type": "message",
    "subject": "trade.candles.update",
    "data": {
        "symbol": "BTC-USDT",
        "candles": ["1729839600", "67644.9", "67437.6", "67724.8", "67243.8", "44.88", "30.9"],
        "time": 1729842192785164840,
    },
}


def _damaged(message: dict[str, Any], place: int, odd: Any) -> Any:
    """Return *message* with something else in one of its places."""
    copied = copy.deepcopy(message)
    fields = [(copied, name) for name in copied] + [
        (copied["data"], name) for name in copied["data"]
    ]
    holder, name = fields[place % len(fields)]
    holder[name] = odd
    return copied


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([_TRADE, _BOOK, _CANDLE]), st.integers(0, 100), _ODD)
async def test_a_damaged_message_ends_nothing(
    message: dict[str, Any], place: int, odd: Any
) -> None:
    client, line = _CLIENTS.get("kucoin") or await _kept(), Line()

    client.handle_message(line, _damaged(message, place, odd))
    client.handle_message(line, copy.deepcopy(_TRADE))

    assert line.told[-1] == "trades:BTC/USDT"
    book = client.orderbooks.get("BTC/USDT")
    levels = [level for side in ("bids", "asks") for level in (book or {side: []})[side]]
    assert all(price > 0 and amount > 0 for price, amount in levels)


_CLIENTS: dict[str, Any] = {}


async def _kept() -> Any:
    _CLIENTS["kucoin"] = await _kucoin()
    return _CLIENTS["kucoin"]


async def test_the_exchanges_complaint_reaches_who_waits() -> None:
    client, line = await _kucoin(), Line()

    client.handle_message(line, {"id": "1", "type": "error", "code": 509, "data": "exceed max"})

    assert len(line.failed) == 1
    assert client.refused_messages == 0


@pytest.mark.parametrize(
    "kind", ["kucoin", "binance", "bybit", "okx", "kraken", "coinbase", "gate"]
)
def test_each_of_ccxts_classes_is_made_wary(kind: str) -> None:
    client = wary(kind)({})

    client.handle_message(Line(), ["rubbish", {"e": 3}])

    assert client.id == kind


def test_a_client_trusts_no_proxy_of_the_environment_and_writes_no_secret_down() -> None:
    client = wary("kucoin")({})

    assert client.aiohttp_trust_env is False
    assert client.verbose is False
    canned_client("kucoin", {})
    assert logging.getLogger("ccxt").level == logging.WARNING


async def test_changes_that_come_in_one_breath_ask_for_one_snapshot() -> None:
    client, line, asked = await _kucoin(), Line(), list[str]()
    client.spawn = lambda method, *arguments: asked.append(method.__name__)

    for number in range(50):
        message = copy.deepcopy(_BOOK)
        message["data"] |= {"sequenceStart": 100 + number, "sequenceEnd": 100 + number}
        client.handle_message(line, message)

    assert asked == ["load_order_book"]


async def test_trades_are_told_from_the_exchanges_word_on_until_it_is_taken_back() -> None:
    client, line = await _kucoin(), Line()
    client.clients = {line.url: line}
    topic, told = "/market/match:BTC-USDT", lambda: client.tells_trades("BTC/USDT")
    line.subscriptions |= {"1": topic, topic: True}
    before = told()

    client.handle_message(line, {"id": "1", "type": "ack"})
    since = told()
    ended = {"unsubscribe": True, "topic": "trades", "symbols": [], "subMessageHashes": [topic]}
    line.subscriptions |= {"2": "unsubscribe", "unsubscribe": ended}
    client.handle_message(line, {"id": "2", "type": "ack"})

    assert (before, since, told()) == (False, True, False)


async def test_a_book_is_asked_for_as_soon_as_it_is_subscribed_to() -> None:
    client, line, asked = await _kucoin(), Line(), list[str]()
    client.spawn = lambda method, *arguments: asked.append(method.__name__)
    topic = "/market/level2:BTC-USDT"
    begun = {"method": client.handle_order_book_subscription, "symbols": ["BTC/USDT"]}
    line.subscriptions |= {"1": topic, topic: begun}

    client.handle_message(line, {"id": "1", "type": "ack"})

    assert asked == ["load_order_book"]
