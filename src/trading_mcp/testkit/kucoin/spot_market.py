"""KuCoin's spot market data over REST."""

from trading_mcp.domain.candles import Candle
from trading_mcp.domain.markets import Market
from trading_mcp.domain.quotes import Move
from trading_mcp.testkit.kucoin.calls import Call, Json, Route
from trading_mcp.testkit.kucoin.intervals import length_of
from trading_mcp.testkit.kucoin.names import text
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.refusals import UNKNOWN_SYMBOL
from trading_mcp.testkit.kucoin.slips import Refusal

_MOST_CANDLES, _MOST_TRADES = 1500, 100
_FULL_NAMES = {"BTC": "Bitcoin", "ETH": "Ethereum", "USDT": "Tether", "KCS": "KuCoin Token"}


def symbols(kucoin: Parts, call: Call) -> Json:
    """List the markets."""
    return [_symbol(kucoin, market) for market in kucoin.listing.spot]


def symbol(kucoin: Parts, call: Call) -> Json:
    """Tell one market's rules."""
    return _symbol(kucoin, _market(kucoin, call))


def _symbol(kucoin: Parts, market: Market) -> dict[str, Json]:
    auction = ("FirstStageStartTime", "SecondStageStartTime", "ThirdStageStartTime")
    return {
        **_rules(market),
        "enableTrading": not kucoin.exchange.is_halted(market.symbol),
        "isMarginEnabled": False,
        "feeCategory": 1,
        "makerFeeCoefficient": "1.00",
        "takerFeeCoefficient": "1.00",
        "st": False,
        "callauctionIsEnabled": False,
        "callauctionPriceFloor": None,
        "callauctionPriceCeiling": None,
        **{f"callauction{stage}": None for stage in auction},
        "tradingStartTime": None,
    }


def _rules(market: Market) -> dict[str, Json]:
    return {
        "symbol": market.symbol,
        "name": market.symbol,
        "baseCurrency": market.base,
        "quoteCurrency": market.quote,
        "feeCurrency": market.quote,
        "market": "USDS",
        "baseMinSize": text(market.min_amount),
        "quoteMinSize": text(market.min_notional),
        "baseMaxSize": "10000000000",
        "quoteMaxSize": "99999999",
        "baseIncrement": text(market.step),
        "quoteIncrement": "0.000001",
        "priceIncrement": text(market.tick),
        "priceLimitRate": "0.1",
        "minFunds": text(market.min_notional),
    }


def currencies(kucoin: Parts, call: Call) -> Json:
    """List the coins."""
    bases = {market.base for market in kucoin.listing.markets.values()}
    return [_currency(name) for name in sorted({*bases, "USDT", "KCS", *kucoin.settings.balances})]


def _currency(name: str) -> dict[str, Json]:
    return {
        "currency": name,
        "name": name,
        "fullName": _FULL_NAMES.get(name, name),
        "precision": 8,
        "confirms": None,
        "contractAddress": None,
        "isMarginEnabled": False,
        "isDebitEnabled": False,
        "chains": [_chain(name)],
    }


def _chain(name: str) -> dict[str, Json]:
    return {
        "chainName": name,
        "chainId": name.lower(),
        "withdrawalMinSize": "0.001",
        "depositMinSize": "0.0002",
        "withdrawFeeRate": "0",
        "withdrawalMinFee": "0.0005",
        "isWithdrawEnabled": True,
        "isDepositEnabled": True,
        "confirms": 3,
        "preConfirms": 1,
        "contractAddress": "",
        "withdrawPrecision": 8,
        "maxWithdraw": None,
        "maxDeposit": None,
        "needTag": False,
    }


def all_tickers(kucoin: Parts, call: Call) -> Json:
    """Tell every market's last day."""
    tickers = [_ticker(kucoin, market) for market in kucoin.listing.spot]
    return {"time": kucoin.clock.now(), "ticker": tickers}


def _ticker(kucoin: Parts, market: Market) -> dict[str, Json]:
    book = kucoin.prices.book(market.symbol, 1)
    bid, ask = book.bids[0], book.asks[0]
    sizes = {"bestBidSize": text(bid.amount), "bestAskSize": text(ask.amount)}
    words = _day(kucoin, market)
    del words["time"]
    return {**words, "symbolName": market.symbol, **sizes}


def stats(kucoin: Parts, call: Call) -> Json:
    """Tell one market's last day."""
    return _day(kucoin, _market(kucoin, call))


def _day(kucoin: Parts, market: Market) -> dict[str, Json]:
    day, book = kucoin.prices.day(market.symbol), kucoin.prices.book(market.symbol, 1)
    changed = kucoin.on_tick(market, day.last - day.open)
    return {
        "time": kucoin.clock.now(),
        "symbol": market.symbol,
        "buy": text(book.bids[0].price),
        "sell": text(book.asks[0].price),
        "changeRate": text(round(changed / day.open, 4)),
        "changePrice": text(changed),
        "high": text(day.high),
        "low": text(day.low),
        "vol": text(round(day.volume, 8)),
        "volValue": text(round(turnover(day), 8)),
        "last": text(day.last),
        "averagePrice": text(round((day.high + day.low) / 2, 8)),
        "takerFeeRate": text(market.taker_fee),
        "makerFeeRate": text(market.maker_fee),
        "takerCoefficient": "1",
        "makerCoefficient": "1",
    }


def turnover(day: Move) -> float:
    """Return about what a day's volume was worth, in quote."""
    return day.volume * (day.high + day.low) / 2


def level1(kucoin: Parts, call: Call) -> Json:
    """Tell the best prices and the last trade."""
    market = _market(kucoin, call)
    book = kucoin.prices.book(market.symbol, 1)
    return {
        "time": kucoin.clock.now(),
        "sequence": str(kucoin.books.of(market.symbol).sequence),
        "price": text(kucoin.prices.last(market.symbol)),
        "size": text(market.step),
        "bestBid": text(book.bids[0].price),
        "bestBidSize": text(book.bids[0].amount),
        "bestAsk": text(book.asks[0].price),
        "bestAskSize": text(book.asks[0].amount),
    }


def book(kucoin: Parts, call: Call) -> Json:
    """Tell the book as it was last published, so that its number fits the stream's."""
    market = _market(kucoin, call)
    depth = call.integer("size", 10_000)
    kucoin.publish_book(market.symbol)
    published = kucoin.books.of(market.symbol)
    return {
        "time": published.at,
        "sequence": str(published.sequence),
        "bids": [[text(p), text(a)] for p, a in published.ranked("bids", depth)],
        "asks": [[text(p), text(a)] for p, a in published.ranked("asks", depth)],
    }


def trades(kucoin: Parts, call: Call) -> Json:
    """List the newest trades, oldest first."""
    market, now = _market(kucoin, call), kucoin.clock.now()
    found = kucoin.prices.trades(market.symbol, now - 120_000, now + 1)[-_MOST_TRADES:]
    return [
        {
            "sequence": trade.id,
            "price": text(trade.price),
            "size": text(trade.amount),
            "side": trade.side,
            "time": trade.at * 1_000_000,
        }
        for trade in found
    ]


def candles(kucoin: Parts, call: Call) -> Json:
    """List candles, newest first: seconds, open, close, high, low, volume, turnover."""
    market, length = _market(kucoin, call), length_of(call.needed("type"))
    now = kucoin.clock.now()
    end = call.integer("endAt", 0) * 1000 or now + 1
    start = call.integer("startAt", 0) * 1000 or end - _MOST_CANDLES * length
    start = max(start, min(end, now + 1) - _MOST_CANDLES * length)
    rows = kucoin.candles(market.symbol, length, start, end)
    return [candle_words(row) for row in reversed(rows)]


def candle_words(row: Candle) -> list[str]:
    """Return a candle as spot writes it."""
    middle = (row.high + row.low) / 2
    return [
        str(row.opened_at // 1000),
        *(text(price) for price in (row.open, row.close, row.high, row.low)),
        text(round(row.volume, 8)),
        text(round(row.volume * middle, 9)),
    ]


def server_time(kucoin: Parts, call: Call) -> Json:
    """Tell the exchange's time, UTC ms."""
    return kucoin.clock.now()


def status(kucoin: Parts, call: Call) -> Json:
    """Say whether the exchange works."""
    return {"status": "open", "msg": ""}


def market_list(kucoin: Parts, call: Call) -> Json:
    """List the quote sections."""
    return ["USDS"]


def mark_price(kucoin: Parts, call: Call) -> Json:
    """Tell the price that margin loans are measured by."""
    market = _market(kucoin, call)
    at, value = kucoin.clock.now() // 1000 * 1000, kucoin.prices.last(market.symbol)
    return {"symbol": market.symbol, "timePoint": at, "value": value}


def _market(kucoin: Parts, call: Call) -> Market:
    market = kucoin.listing.market(call.needed("symbol"))
    if market is None or market.type != "spot":
        raise _no_market(call.needed("symbol"))
    return market


def _no_market(name: str) -> Refusal:
    return Refusal(UNKNOWN_SYMBOL.code, f"{UNKNOWN_SYMBOL.message}: {name[:40]}")


_ORDERBOOK = "/api/v1/market/orderbook"
ROUTES = (
    Route("GET", "/api/v1/timestamp", server_time),
    Route("GET", "/api/v1/status", status),
    Route("GET", "/api/v1/markets", market_list),
    Route("GET", "/api/v2/symbols", symbols),
    Route("GET", "/api/v2/symbols/{symbol}", symbol),
    Route("GET", "/api/v1/symbols", symbols),
    Route("GET", "/api/v3/currencies", currencies),
    Route("GET", "/api/v1/market/allTickers", all_tickers),
    Route("GET", "/api/v1/market/stats", stats),
    Route("GET", "/api/v1/market/candles", candles),
    Route("GET", "/api/v1/market/histories", trades),
    Route("GET", f"{_ORDERBOOK}/level1", level1),
    Route("GET", f"{_ORDERBOOK}/level2_{{size}}", book),
    Route("GET", "/api/v3/market/orderbook/level2", book, "General", "query"),
    Route("GET", "/api/v1/mark-price/{symbol}/current", mark_price),
)
