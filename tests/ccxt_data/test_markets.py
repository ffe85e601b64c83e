"""Markets as exchanges list them become ours: exact grids, amounts in base."""

from decimal import Decimal
from typing import Any

import pytest
from canned_exchanges import canned_client, kucoin_wire
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.adapters.ccxt.markets import (
    Listed,
    from_contracts,
    listed_markets,
    to_contracts,
)
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.ccxt.traits import traits_of
from trading_mcp.domain.markets import Market

D = Decimal


async def _listed(kind: str, answers: dict[str, Any], **settings: Any) -> dict[str, Listed]:
    client, _ = canned_client(kind, answers)
    await client.load_markets()
    found = listed_markets(kind, client, ExchangeSettings(**settings), traits_of(kind))
    await client.close()
    return found


def _kucoin_answers() -> dict[str, Any]:
    return kucoin_wire()


async def test_kucoins_documented_markets_become_ours() -> None:
    found = await _listed("kucoin", _kucoin_answers())

    assert found["BTC-USDT"] == Listed(
        Market(
            exchange="kucoin",
            symbol="BTC-USDT",
            base="BTC",
            quote="USDT",
            type="spot",
            tick=D("0.1"),
            step=D("0.00000001"),
            min_amount=D("0.00001"),
            min_notional=D("0.1"),
            maker_fee=D("0.001"),
            taker_fee=D("0.001"),
        ),
        "BTC/USDT",
        D(1),
    )
    assert found["BTC-USDT-PERP"] == Listed(
        Market(
            exchange="kucoin",
            symbol="BTC-USDT-PERP",
            base="BTC",
            quote="USDT",
            type="perpetual",
            tick=D("0.1"),
            step=D("0.001"),
            min_amount=D("0.001"),
            min_notional=D(0),
            maker_fee=D("0.0002"),
            taker_fee=D("0.0006"),
            max_leverage=125,
            maintenance_margin=D("0.004"),
        ),
        "BTC/USDT:USDT",
        D("0.001"),
    )


async def test_only_what_is_wanted_is_listed() -> None:
    answers = _kucoin_answers()

    assert set(await _listed("kucoin", answers, market_types=("spot",))) == {"BTC-USDT"}
    assert set(await _listed("kucoin", answers, market_types=("perpetual",))) == {"BTC-USDT-PERP"}
    assert await _listed("kucoin", answers, quotes=("EUR",)) == {}


async def test_paused_inverse_and_oddly_named_markets_are_left_out() -> None:
    answers = _kucoin_answers()
    spot, perpetual = answers["/api/v2/symbols"]["data"][0], answers["/api/v1/contracts/active"]
    odd = [
        spot | {"symbol": "PAUSED-USDT", "baseCurrency": "PAUSED", "enableTrading": False},
        spot | {"symbol": "$MEME-USDT", "baseCurrency": "$MEME"},
        spot | {"symbol": "NOTICK-USDT", "baseCurrency": "NOTICK", "priceIncrement": "0"},
    ]
    answers["/api/v2/symbols"]["data"] += odd
    inverse = {"symbol": "XBTUSDTX", "isInverse": True, "multiplier": -1, "settleCurrency": "XBT"}
    closed = {"symbol": "ETHUSDTM", "baseCurrency": "ETH", "status": "Paused"}
    perpetual["data"] += [perpetual["data"][0] | inverse, perpetual["data"][0] | closed]

    assert set(await _listed("kucoin", answers)) == {"BTC-USDT", "BTC-USDT-PERP"}


_BINANCE_SPOT = {
    "symbol": "ETHUSDT",
    "status": "TRADING",
    "baseAsset": "ETH",
    "baseAssetPrecision": 8,
    "quoteAsset": "USDT",
    "quotePrecision": 8,
    "quoteAssetPrecision": 8,
    "orderTypes": ["LIMIT", "MARKET", "STOP_LOSS_LIMIT"],
    "isSpotTradingAllowed": True,
    "isMarginTradingAllowed": True,
    "permissions": ["SPOT"],
    "filters": [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": "0.01",
            "maxPrice": "100000",
            "tickSize": "0.01",
        },
        {"filterType": "LOT_SIZE", "minQty": "0.0001", "maxQty": "9000", "stepSize": "0.0001"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
    ],
}
_BINANCE_PERPETUAL = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "deliveryDate": 4133404800000,
    "onboardDate": 1569398400000,
    "status": "TRADING",
    "maintMarginPercent": "2.5000",
    "requiredMarginPercent": "5.0000",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "filters": [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": "556.8",
            "maxPrice": "4529764",
            "tickSize": "0.10",
        },
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MIN_NOTIONAL", "notional": "100"},
    ],
    "orderTypes": ["LIMIT", "MARKET", "STOP"],
    "timeInForce": ["GTC", "IOC"],
}


async def test_binances_documented_markets_become_ours() -> None:
    found = await _listed(
        "binance",
        {
            "/api/v3/exchangeInfo": {"symbols": [_BINANCE_SPOT]},
            "/fapi/v1/exchangeInfo": {"symbols": [_BINANCE_PERPETUAL]},
            "/dapi/v1/exchangeInfo": {"symbols": []},
        },
    )

    spot, perpetual = found["ETH-USDT"].market, found["BTC-USDT-PERP"].market
    assert (spot.tick, spot.step, spot.min_amount) == (D("0.01"), D("0.0001"), D("0.0001"))
    assert (spot.min_notional, spot.taker_fee) == (D(5), D("0.001"))
    assert (perpetual.tick, perpetual.step, perpetual.min_notional) == (
        D("0.1"),
        D("0.001"),
        D(100),
    )
    assert (perpetual.maintenance_margin, perpetual.max_leverage) == (D("0.025"), 20)


_OKX_SWAP = {
    "alias": "",
    "baseCcy": "",
    "category": "1",
    "ctMult": "1",
    "ctType": "linear",
    "ctVal": "0.01",
    "ctValCcy": "BTC",
    "expTime": "",
    "instFamily": "BTC-USDT",
    "instId": "BTC-USDT-SWAP",
    "instType": "SWAP",
    "lever": "100",
    "listTime": "1573557408000",
    "lotSz": "0.01",
    "minSz": "0.01",
    "quoteCcy": "",
    "settleCcy": "USDT",
    "state": "live",
    "tickSz": "0.1",
    "uly": "BTC-USDT",
}


async def test_okx_contracts_of_a_hundredth_keep_their_grid_in_base() -> None:
    def instruments(url: str) -> Any:
        return {"code": "0", "data": [_OKX_SWAP] if "instType=SWAP" in url else []}

    found = await _listed("okx", {"/public/instruments": instruments})

    swap = found["BTC-USDT-PERP"]
    assert (swap.contract_size, swap.market.step) == (D("0.01"), D("0.0001"))
    assert (swap.market.min_amount, swap.market.max_leverage) == (D("0.0001"), 100)
    # OKX tells no maintenance margin: half of the least initial one is taken.
    assert swap.market.maintenance_margin == D("0.005")


_BYBIT_SPOT = {
    "symbol": "BTCUSDT",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "innovation": "0",
    "status": "Trading",
    "marginTrading": "both",
    "lotSizeFilter": {
        "basePrecision": "0.000001",
        "quotePrecision": "0.00000001",
        "minOrderQty": "0.000048",
        "maxOrderQty": "71.73956243",
        "minOrderAmt": "1",
        "maxOrderAmt": "2000000",
    },
    "priceFilter": {"tickSize": "0.01"},
}
_BYBIT_PERPETUAL = {
    "symbol": "ETHUSDT",
    "contractType": "LinearPerpetual",
    "status": "Trading",
    "baseCoin": "ETH",
    "quoteCoin": "USDT",
    "settleCoin": "USDT",
    "launchTime": "1585526400000",
    "deliveryTime": "0",
    "priceScale": "2",
    "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
    "priceFilter": {"minPrice": "0.05", "maxPrice": "99999.90", "tickSize": "0.05"},
    "lotSizeFilter": {
        "maxOrderQty": "1500",
        "minOrderQty": "0.01",
        "qtyStep": "0.01",
        "minNotionalValue": "5",
    },
    "fundingInterval": 480,
}


async def test_bybits_documented_markets_become_ours() -> None:
    def instruments(url: str) -> Any:
        kind = url.split("category=")[1].split("&", maxsplit=1)[0]
        rows = {"spot": [_BYBIT_SPOT], "linear": [_BYBIT_PERPETUAL]}.get(kind, [])
        return {"retCode": 0, "result": {"category": kind, "list": rows, "nextPageCursor": ""}}

    found = await _listed("bybit", {"/market/instruments-info": instruments})

    assert found["BTC-USDT"].market.step == D("0.000001")
    assert found["BTC-USDT"].market.min_notional == D(1)
    perpetual = found["ETH-USDT-PERP"].market
    assert (perpetual.tick, perpetual.step, perpetual.max_leverage) == (D("0.05"), D("0.01"), 100)


_KRAKEN = {
    "altname": "XBTUSDT",
    "wsname": "XBT/USDT",
    "aclass_base": "currency",
    "base": "XXBT",
    "aclass_quote": "currency",
    "quote": "USDT",
    "pair_decimals": 1,
    "lot_decimals": 8,
    "cost_decimals": 5,
    "lot_multiplier": 1,
    "leverage_buy": [2, 3],
    "leverage_sell": [2, 3],
    "fees": [[0, 0.2], [10000, 0.16]],
    "fees_maker": [[0, 0.16], [10000, 0.1]],
    "ordermin": "0.00005",
    "costmin": "0.5",
    "tick_size": "0.1",
    "status": "online",
}


async def test_krakens_documented_markets_become_ours() -> None:
    coins = {
        "XXBT": {"aclass": "currency", "altname": "XBT", "decimals": 10, "display_decimals": 5},
        "USDT": {"aclass": "currency", "altname": "USDT", "decimals": 8, "display_decimals": 4},
    }
    found = await _listed(
        "kraken",
        {
            "/0/public/AssetPairs": {"error": [], "result": {"XBTUSDT": _KRAKEN}},
            "/0/public/Assets": {"error": [], "result": coins},
        },
    )

    market = found["BTC-USDT"].market
    assert (market.tick, market.step, market.min_amount) == (D("0.1"), D("1E-8"), D("0.00005"))
    assert (market.min_notional, market.maker_fee, market.taker_fee) == (
        D("0.5"),
        D("0.0016"),
        D("0.002"),
    )


_SIZES = ["1", "0.001", "0.01", "0.1", "10", "100", "1000", "0.00001"]


@given(size=st.sampled_from(_SIZES), contracts=st.integers(1, 10**9))
def test_contracts_come_back_as_the_same_contracts(size: str, contracts: int) -> None:
    listed = Listed(_market(), "BTC/USDT:USDT", D(size))

    base = from_contracts(listed, contracts)

    assert to_contracts(listed, base) == contracts
    assert "E" not in str(to_contracts(listed, base))
    assert base == contracts * D(size)


def test_what_is_no_number_of_contracts_is_refused() -> None:
    listed = Listed(_market(), "BTC/USDT:USDT", D("0.001"))
    for told in ("NaN", "Infinity", "1_000", "", float("inf")):
        with pytest.raises(ValueError, match="expected"):
            from_contracts(listed, told)


def _market() -> Market:
    return Market(
        exchange="kucoin",
        symbol="BTC-USDT-PERP",
        base="BTC",
        quote="USDT",
        type="perpetual",
        tick=D("0.1"),
        step=D("0.001"),
        min_amount=D("0.001"),
        min_notional=D(0),
        maker_fee=D("0.0002"),
        taker_fee=D("0.0006"),
    )
