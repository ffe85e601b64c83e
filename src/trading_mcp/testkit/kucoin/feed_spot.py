"""What spot's public channels say, word by word."""

from collections.abc import Callable, Sequence
from typing import Any

from trading_mcp.domain.markets import Market
from trading_mcp.domain.quotes import PublicTrade
from trading_mcp.testkit.kucoin.books import Change
from trading_mcp.testkit.kucoin.names import text
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.spot_market import candle_words, turnover

Words = dict[str, Any]


def ticker(kucoin: Parts, market: Market) -> Words:
    """Tell the last price and the best ones."""
    book = kucoin.prices.book(market.symbol, 1)
    return {
        "bestAsk": text(book.asks[0].price),
        "bestAskSize": text(book.asks[0].amount),
        "bestBid": text(book.bids[0].price),
        "bestBidSize": text(book.bids[0].amount),
        "price": text(kucoin.prices.last(market.symbol)),
        "sequence": str(kucoin.books.of(market.symbol).sequence),
        "size": text(market.step),
        "time": kucoin.clock.now(),
    }


def snapshot(kucoin: Parts, market: Market) -> Words:
    """Tell the last day."""
    day, book = kucoin.prices.day(market.symbol), kucoin.prices.book(market.symbol, 1)
    changes = _changes(kucoin, market)
    data = {
        "askSize": book.asks[0].amount,
        "averagePrice": (day.high + day.low) / 2,
        "baseCurrency": market.base,
        "bidSize": book.bids[0].amount,
        "board": 1,
        "buy": book.bids[0].price,
        "close": day.last,
        "datetime": kucoin.clock.now(),
        "lastTradedPrice": day.last,
        "makerCoefficient": 1.0,
        "makerFeeRate": float(market.maker_fee),
        "marginTrade": False,
        "mark": 0,
        "market": "USDS",
        "marketChange1h": changes,
        "marketChange4h": changes,
        "marketChange24h": changes,
        "markets": ["USDS"],
        "quoteCurrency": market.quote,
        "sell": book.asks[0].price,
        "siteTypes": ["global"],
        "sort": 100,
        "symbol": market.symbol,
        "symbolCode": market.symbol,
        "takerCoefficient": 1.0,
        "takerFeeRate": float(market.taker_fee),
        "trading": not kucoin.exchange.is_halted(market.symbol),
        **changes,
    }
    return {"sequence": str(kucoin.books.of(market.symbol).sequence), "data": data}


def _changes(kucoin: Parts, market: Market) -> Words:
    day = kucoin.prices.day(market.symbol)
    changed = kucoin.on_tick(market, day.last - day.open)
    return {
        "changePrice": changed,
        "changeRate": round(changed / day.open, 4),
        "high": day.high,
        "low": day.low,
        "open": day.open,
        "vol": day.volume,
        "volValue": turnover(day),
    }


def level1(kucoin: Parts, market: Market) -> Words:
    """Tell the best prices."""
    book = kucoin.prices.book(market.symbol, 1)
    bid, ask = book.bids[0], book.asks[0]
    return {
        "asks": [text(ask.price), text(ask.amount)],
        "bids": [text(bid.price), text(bid.amount)],
        "timestamp": kucoin.clock.now(),
    }


def depth(levels: int) -> Callable[[Parts, Market], Words]:
    """Tell the best *levels* of each side."""

    def words(kucoin: Parts, market: Market) -> Words:
        book = kucoin.prices.book(market.symbol, levels)
        return {
            "asks": [[text(level.price), text(level.amount)] for level in book.asks],
            "bids": [[text(level.price), text(level.amount)] for level in book.bids],
            "timestamp": kucoin.clock.now(),
        }

    return words


def trade(market: Market, found: PublicTrade) -> Words:
    """Tell of a trade."""
    return {
        "makerOrderId": f"{int(found.id):024x}",
        "price": text(found.price),
        "sequence": found.id,
        "side": found.side,
        "size": text(found.amount),
        "symbol": market.symbol,
        "takerOrderId": f"{int(found.id) + 1:024x}",
        "time": str(found.at * 1_000_000),
        "tradeId": found.id,
        "type": "match",
    }


def candle(kucoin: Parts, market: Market, length: int) -> Words:
    """Tell the candle that is not over."""
    now = kucoin.clock.now()
    row = kucoin.prices.candle(market.symbol, length, now // length * length)
    return {"symbol": market.symbol, "candles": candle_words(row), "time": now * 1_000_000}


def book_changes(market: Market, changes: Sequence[Change], at: int) -> Words:
    """Tell what has changed in the book."""
    sides: dict[str, list[list[str]]] = {"asks": [], "bids": []}
    for change in changes:
        line = [text(change.price), text(change.amount), str(change.sequence)]
        sides[change.side].append(line)
    return {
        "changes": sides,
        "sequenceEnd": changes[-1].sequence,
        "sequenceStart": changes[0].sequence,
        "symbol": market.symbol,
        "time": at,
    }
