"""KuCoin's own documented examples, read as they stand."""

import gzip
import json
import os
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from test_followers import LISTED

from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.adapters.ccxt.kucoin.pushes import pushed_report
from trading_mcp.adapters.ccxt.kucoin.reading import (
    futures_report,
    spot_report,
    stop_report,
    traded,
)
from trading_mcp.adapters.ccxt.markets import Listed

PERPETUAL = Listed(
    replace(LISTED.market, symbol="BTC-USDT-PERP", type="perpetual", step=Decimal("0.001")),
    "BTC/USDT:USDT",
    Decimal("0.001"),
)


@cache
def examples() -> list[dict[str, Any]]:
    beside = Path(__file__).parents[2].parent / "shared" / "real"
    folder = Path(os.environ.get("TRADING_MCP_REAL_DATA", beside))
    file = folder / "wire" / "kucoin" / "kucoin_universal_sdk_examples.json.gz"
    if not file.exists():
        pytest.skip(f"no recordings at {folder}: set TRADING_MCP_REAL_DATA")
    found: list[dict[str, Any]] = json.loads(gzip.decompress(file.read_bytes()))
    return found


def example(group: str, name: str, kind: str = "response", path: str = "") -> Any:
    for one in examples():
        if (one["group"], one["name"], one["kind"]) == (group, name, kind) and path in one["path"]:
            return one["payload"]["data"]
    raise KeyError(name)


def test_a_filled_order_of_the_high_frequency_account() -> None:
    report = spot_report(example("spot", "get_order_by_client_oid"), LISTED)
    assert (report.status, report.filled) == ("filled", Decimal("0.00001"))
    assert report.client_id == "5c52e11203aa677f33e493fb"
    assert report.at == 1729577515481


def test_an_open_order_of_the_high_frequency_account() -> None:
    report = spot_report(example("spot", "get_open_orders_by_page")["items"][0], LISTED)
    assert (report.status, report.filled) == ("open", 0)
    assert report.terms is not None
    assert (report.terms.amount, report.terms.price) == (Decimal("0.00001"), Decimal(50000))


def test_a_cancelled_order_of_the_classic_account() -> None:
    report = spot_report(example("spot", "get_order_by_client_oid_old"), LISTED)
    assert (report.status, report.filled) == ("cancelled", 0)


def test_an_order_that_waits_for_its_stop() -> None:
    raw = example("spot", "get_stop_orders_list")["items"][0]
    report = stop_report(raw, LISTED, "open")
    assert report.terms is not None
    assert (report.terms.type, report.terms.stop_price) == ("stop", Decimal(60000))
    assert str(report.terms.amount) == "0.00001"


def test_an_open_order_of_the_futures_account_is_told_in_base() -> None:
    report = futures_report(example("futures", "get_order_by_client_oid"), PERPETUAL)
    assert (report.status, report.filled) == ("open", 0)
    assert report.terms is not None
    assert report.terms.amount == Decimal("0.001")


def test_a_trade_of_each_account() -> None:
    raws = [
        (example("spot", "get_trade_history", path="/hf/fills")["items"][0], LISTED),
        (example("spot", "get_trade_history_old")["items"][0], LISTED),
        (example("futures", "get_trade_history", path="/fills")["items"][0], PERPETUAL),
    ]
    trades = [traded(raw, listed, lambda coin: coin) for raw, listed in raws]
    assert [t.fill.trade_id for t in trades] == [
        "11029373945659392",
        "10862827223795713",
        "1828954878212",
    ]
    assert [t.fill.amount for t in trades] == [Decimal("0.00001"), Decimal(10), Decimal("0.001")]
    assert [t.fill.at for t in trades] == [1729577515473, 1732602254928, 1740640088244]


def test_a_push_that_an_order_is_in_the_book() -> None:
    raw = example("spot", "order_v1", "ws_message")
    report = pushed_report(raw, LISTED, raw["clientOid"])
    assert (report.status, report.filled, report.at) == ("open", 0, 1730211033335)


def test_an_order_that_says_neither_is_in_doubt() -> None:
    raw = example("spot", "get_order_by_client_oid") | {"dealSize": "0"}
    with pytest.raises(AskFailed):
        spot_report(raw, LISTED)


@pytest.mark.parametrize("nonsense", ["NaN", "Infinity", "1e400", "0x10", "1_000"])
def test_a_number_that_is_none_is_refused(nonsense: str) -> None:
    raw = example("spot", "get_order_by_client_oid") | {"dealSize": nonsense}
    with pytest.raises(ValueError, match=r"expected|out of range"):
        spot_report(raw, LISTED)
