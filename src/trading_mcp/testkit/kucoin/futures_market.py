"""KuCoin's futures market data over REST: amounts are contracts."""

from trading_mcp.adapters.simulated.lines import FUNDING_MS
from trading_mcp.domain.markets import Market
from trading_mcp.domain.times import MINUTE_MS
from trading_mcp.testkit.kucoin.calls import Call, Json, Route
from trading_mcp.testkit.kucoin.contracts import contract_words, next_funding
from trading_mcp.testkit.kucoin.names import contracts, text, wire_name
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.refusals import UNKNOWN_CONTRACT
from trading_mcp.testkit.kucoin.slips import Refusal
from trading_mcp.testkit.kucoin.spot_market import server_time, turnover

_MOST_CANDLES, _MOST_TRADES, _MOST_FUNDINGS = 500, 100, 100
_GRANULARITIES = (1, 5, 15, 30, 60, 120, 240, 480, 720, 1440, 10080)


def active(kucoin: Parts, call: Call) -> Json:
    """List the contracts."""
    return [contract_words(kucoin, market) for market in kucoin.listing.futures]


def contract(kucoin: Parts, call: Call) -> Json:
    """Tell one contract's rules and its day."""
    return contract_words(kucoin, _market(kucoin, call))


def ticker(kucoin: Parts, call: Call) -> Json:
    """Tell a contract's last trade and best prices."""
    return _ticker(kucoin, _market(kucoin, call))


def all_tickers(kucoin: Parts, call: Call) -> Json:
    """Tell every contract's last trade and best prices."""
    return [_ticker(kucoin, market) for market in kucoin.listing.futures]


def _ticker(kucoin: Parts, market: Market) -> dict[str, Json]:
    book, now = kucoin.prices.book(market.symbol, 1), kucoin.clock.now()
    bid, ask = book.bids[0], book.asks[0]
    return {
        "sequence": kucoin.books.of(market.symbol).sequence,
        "symbol": wire_name(market),
        "side": "buy",
        "size": 1,
        "tradeId": str(now),
        "price": text(kucoin.prices.last(market.symbol)),
        "bestBidPrice": text(bid.price),
        "bestBidSize": contracts(market, bid.amount),
        "bestAskPrice": text(ask.price),
        "bestAskSize": contracts(market, ask.amount),
        "ts": now * 1_000_000,
    }


def book(kucoin: Parts, call: Call) -> Json:
    """Tell the book as it was last published, so that its number fits the stream's."""
    market = _market(kucoin, call)
    depth = call.integer("depth", 10_000)
    kucoin.publish_book(market.symbol)
    published = kucoin.books.of(market.symbol)
    sides = {
        side: [
            [price, contracts(market, amount)] for price, amount in published.ranked(side, depth)
        ]
        for side in ("bids", "asks")
    }
    head = {"sequence": published.sequence, "symbol": wire_name(market)}
    return {**head, **sides, "ts": published.at * 1_000_000}


def trades(kucoin: Parts, call: Call) -> Json:
    """List the newest trades, newest first."""
    market, now = _market(kucoin, call), kucoin.clock.now()
    found = kucoin.prices.trades(market.symbol, now - 120_000, now + 1)[-_MOST_TRADES:]
    return [
        {
            "sequence": int(trade.id),
            "contractId": 1,
            "tradeId": trade.id,
            "makerOrderId": trade.id,
            "takerOrderId": str(int(trade.id) + 1),
            "ts": trade.at * 1_000_000,
            "size": max(contracts(market, trade.amount), 1),
            "price": text(trade.price),
            "side": trade.side,
        }
        for trade in reversed(found)
    ]


def candles(kucoin: Parts, call: Call) -> Json:
    """List candles, oldest first: ms, open, high, low, close, contracts."""
    market, minutes = _market(kucoin, call), call.integer("granularity", 0)
    if minutes not in _GRANULARITIES:
        raise Refusal("100001", "Incorrect granularity")
    length, now = minutes * MINUTE_MS, kucoin.clock.now()
    end = call.integer("to", now + 1) + 1
    start = call.integer("from", end - _MOST_CANDLES * length)
    rows = kucoin.candles(market.symbol, length, start, min(end, start + _MOST_CANDLES * length))
    return [
        [r.opened_at, r.open, r.high, r.low, r.close, contracts(market, r.volume)] for r in rows
    ]


def mark_price(kucoin: Parts, call: Call) -> Json:
    """Tell a contract's mark price."""
    market = _market(kucoin, call)
    price = float(kucoin.prices.mark(market.symbol))
    return {
        "symbol": wire_name(market),
        "granularity": 1000,
        "timePoint": kucoin.clock.now() // 1000 * 1000,
        "value": price,
        "indexPrice": price,
    }


def funding_rate(kucoin: Parts, call: Call) -> Json:
    """Tell the rate of the next funding."""
    market, due = _market(kucoin, call), next_funding(kucoin)
    return {
        "symbol": f".{wire_name(market)}FPI8H",
        "granularity": FUNDING_MS,
        "timePoint": due - FUNDING_MS,
        "value": kucoin.prices.funding_rate(market.symbol, due),
        "predictedValue": kucoin.prices.funding_estimate(market.symbol),
        "fundingRateCap": 0.003,
        "fundingRateFloor": -0.003,
        "period": 0,
        "fundingTime": due,
    }


def funding_history(kucoin: Parts, call: Call) -> Json:
    """List the rates of past fundings, newest first."""
    market, now = _market(kucoin, call), kucoin.clock.now()
    end = min(call.integer("to", now), now) // FUNDING_MS * FUNDING_MS
    start = max(call.integer("from", 0), end - _MOST_FUNDINGS * FUNDING_MS)
    times = range(end, start - 1, -FUNDING_MS)
    rate = kucoin.prices.funding_rate
    return [
        {"symbol": wire_name(market), "fundingRate": rate(market.symbol, at), "timepoint": at}
        for at in times
    ]


def open_interest(kucoin: Parts, call: Call) -> Json:
    """Tell how many contracts are held open, of some markets or of all."""
    names, now = call.text("symbol"), kucoin.clock.now()
    return [
        {
            "symbol": wire_name(market),
            "openInterest": str(contracts(market, kucoin.prices.open_interest(market.symbol))),
            "ts": now,
        }
        for market in kucoin.listing.futures
        if not names or wire_name(market) in names.split(",")
    ]


def funding_rates(kucoin: Parts, call: Call) -> Json:
    """Tell the rates of every contract's next funding."""
    due = next_funding(kucoin)
    return [
        {
            "symbol": wire_name(market),
            "nextFundingRate": kucoin.prices.funding_rate(market.symbol, due),
            "fundingTime": due,
            "currentGranularity": FUNDING_MS,
            "fundingRateCap": 0.003,
            "fundingRateFloor": -0.003,
        }
        for market in kucoin.listing.futures
    ]


def status(kucoin: Parts, call: Call) -> Json:
    """Say whether the exchange works."""
    return {"msg": "", "status": "open"}


def statistics(kucoin: Parts, call: Call) -> Json:
    """Tell what all contracts have turned over in a day."""
    days = (kucoin.prices.day(market.symbol) for market in kucoin.listing.futures)
    return {"turnoverOf24h": sum(turnover(day) for day in days)}


def risk_limits(kucoin: Parts, call: Call) -> Json:
    """Tell the one tier there is."""
    market = _market(kucoin, call)
    return [
        {
            "symbol": wire_name(market),
            "level": 1,
            "maxRiskLimit": 100_000_000,
            "minRiskLimit": 0,
            "maxLeverage": market.max_leverage,
            "initialMargin": 1.0 / market.max_leverage,
            "maintainMargin": float(market.maintenance_margin),
        }
    ]


def _market(kucoin: Parts, call: Call) -> Market:
    market = kucoin.listing.market(call.needed("symbol"))
    if market is None or market.type == "spot":
        raise UNKNOWN_CONTRACT
    return market


ROUTES = (
    Route("GET", "/api/v1/timestamp", server_time),
    Route("GET", "/api/v1/status", status),
    Route("GET", "/api/v1/trade-statistics", statistics),
    Route("GET", "/api/v1/contracts/active", active),
    Route("GET", "/api/v1/contracts/risk-limit/{symbol}", risk_limits),
    Route("GET", "/api/v1/contracts/{symbol}", contract),
    Route("GET", "/api/v1/ticker", ticker),
    Route("GET", "/api/v1/allTickers", all_tickers),
    Route("GET", "/api/v1/level2/snapshot", book),
    Route("GET", "/api/v1/level2/depth{depth}", book),
    Route("GET", "/api/v1/trade/history", trades),
    Route("GET", "/api/v1/kline/query", candles),
    Route("GET", "/api/v1/mark-price/{symbol}/current", mark_price),
    Route("GET", "/api/v1/funding-rate/{symbol}/current", funding_rate),
    Route("GET", "/api/v1/contract/funding-rates", funding_history),
    Route("GET", "/api/ua/v1/market/open-interest", open_interest),
    Route("GET", "/api/ua/v2/market/funding-rate", funding_rates),
)
