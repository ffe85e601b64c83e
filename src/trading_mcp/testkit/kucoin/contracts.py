"""A perpetual's rules, its day and its funding, as KuCoin writes them."""

from typing import Any

from trading_mcp.adapters.simulated.lines import FUNDING_MS
from trading_mcp.domain.markets import Market
from trading_mcp.testkit.kucoin.names import coin_name, contracts, wire_name
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.spot_market import turnover

Words = dict[str, Any]
_FIRST_OPEN = 1_585_555_200_000


def contract_words(kucoin: Parts, market: Market) -> Words:
    """Tell a contract's rules, its day and its next funding."""
    return {
        **_names(market),
        **_rules(market),
        **_day(kucoin, market),
        **_funding(kucoin, market),
        "status": "Paused" if kucoin.exchange.is_halted(market.symbol) else "Open",
    }


def _names(market: Market) -> Words:
    name, coin = wire_name(market), coin_name(market.base)
    return {
        "symbol": name,
        "rootSymbol": market.quote,
        "type": "FFWCSX",
        "firstOpenDate": _FIRST_OPEN,
        "expireDate": None,
        "settleDate": None,
        "baseCurrency": coin,
        "quoteCurrency": market.quote,
        "settleCurrency": market.quote,
        "fundingBaseSymbol": f".{coin}INT8H",
        "fundingQuoteSymbol": f".{market.quote}INT8H",
        "fundingRateSymbol": f".{name}FPI8H",
        "indexSymbol": f".K{coin}{market.quote}",
        "settlementSymbol": "",
        "sourceExchanges": ["kucoin"],
        "premiumsSymbol1M": f".{name}PI",
        "premiumsSymbol8H": f".{name}PI8H",
        "fundingBaseSymbol1M": f".{coin}INT",
        "fundingQuoteSymbol1M": f".{market.quote}INT",
        "displaySymbol": None,
        "displayBaseCurrency": market.base,
    }


def _rules(market: Market) -> Words:
    maintenance = float(market.maintenance_margin)
    return {
        "maxOrderQty": 1_000_000,
        "marketMaxOrderQty": 1_000_000,
        "maxPrice": 1_000_000.0,
        "lotSize": 1,
        "tickSize": float(market.tick),
        "indexPriceTickSize": float(market.tick),
        "multiplier": float(market.step),
        "initialMargin": 1.0 / market.max_leverage,
        "maintainMargin": maintenance,
        "maxRiskLimit": 100_000,
        "minRiskLimit": 100_000,
        "riskStep": 50_000,
        "makerFeeRate": float(market.maker_fee),
        "takerFeeRate": float(market.taker_fee),
        "takerFixFee": 0.0,
        "makerFixFee": 0.0,
        "settlementFee": None,
        "isDeleverage": True,
        "isQuanto": True,
        "isInverse": False,
        "markMethod": "FairPrice",
        "fairMethod": "FundingRate",
        "maxLeverage": market.max_leverage,
        "k": 490.0,
        "m": 300.0,
        "f": 1.3,
        "mmrLimit": 0.3,
        "mmrLevConstant": float(market.max_leverage),
        "supportCross": True,
    }


def _day(kucoin: Parts, market: Market) -> Words:
    day = kucoin.prices.day(market.symbol)
    changed = kucoin.on_tick(market, day.last - day.open)
    return {
        "openInterest": str(contracts(market, kucoin.prices.open_interest(market.symbol))),
        "turnoverOf24h": turnover(day),
        "volumeOf24h": day.volume,
        "markPrice": day.last,
        "indexPrice": day.last,
        "lastTradePrice": day.last,
        "lowPrice": day.low,
        "highPrice": day.high,
        "priceChgPct": round(changed / day.open, 4),
        "priceChg": changed,
        "buyLimit": day.last * 1.05,
        "sellLimit": day.last * 0.95,
    }


def _funding(kucoin: Parts, market: Market) -> Words:
    due = next_funding(kucoin)
    rate = kucoin.prices.funding_rate(market.symbol, due)
    return {
        "fundingFeeRate": rate,
        "predictedFundingFeeRate": kucoin.prices.funding_estimate(market.symbol),
        "fundingRateGranularity": FUNDING_MS,
        "currentFundingRateGranularity": FUNDING_MS,
        "effectiveFundingRateCycleStartTime": None,
        "fundingRateCap": 0.003,
        "fundingRateFloor": -0.003,
        "nextFundingRateTime": due - kucoin.clock.now(),
        "nextFundingRateDateTime": due,
    }


def next_funding(kucoin: Parts) -> int:
    """Return when funding is due next, UTC ms."""
    return (kucoin.clock.now() // FUNDING_MS + 1) * FUNDING_MS
