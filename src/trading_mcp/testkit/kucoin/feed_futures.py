"""What the futures' public channels say, word by word: amounts are contracts."""

from collections.abc import Callable
from typing import Any

from trading_mcp.domain.markets import Market
from trading_mcp.domain.quotes import Level, PublicTrade
from trading_mcp.testkit.kucoin.books import Change
from trading_mcp.testkit.kucoin.names import contracts, text, wire_name
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.spot_market import turnover

Words = dict[str, Any]


def ticker(kucoin: Parts, market: Market) -> Words:
    """Tell the last trade and the best prices."""
    now = kucoin.clock.now()
    return {
        **_touch(kucoin, market),
        "side": "buy",
        "size": 1,
        "price": text(kucoin.prices.last(market.symbol)),
        "tradeId": str(now),
    }


def ticker_v2(kucoin: Parts, market: Market) -> Words:
    """Tell the best prices."""
    return _touch(kucoin, market)


def _touch(kucoin: Parts, market: Market) -> Words:
    book = kucoin.prices.book(market.symbol, 1)
    bid, ask = book.bids[0], book.asks[0]
    return {
        "symbol": wire_name(market),
        "sequence": kucoin.books.of(market.symbol).sequence,
        "bestBidSize": contracts(market, bid.amount),
        "bestBidPrice": text(bid.price),
        "bestAskPrice": text(ask.price),
        "bestAskSize": contracts(market, ask.amount),
        "ts": kucoin.clock.now() * 1_000_000,
    }


def depth(levels: int) -> Callable[[Parts, Market], Words]:
    """Tell the best *levels* of each side."""

    def words(kucoin: Parts, market: Market) -> Words:
        book, now = kucoin.prices.book(market.symbol, levels), kucoin.clock.now()
        return {
            "bids": [_level(market, level) for level in book.bids],
            "sequence": kucoin.books.of(market.symbol).sequence,
            "timestamp": now,
            "ts": now,
            "asks": [_level(market, level) for level in book.asks],
        }

    return words


def snapshot(kucoin: Parts, market: Market) -> Words:
    """Tell the last day."""
    day = kucoin.prices.day(market.symbol)
    changed = kucoin.on_tick(market, day.last - day.open)
    return {
        "highPrice": day.high,
        "lastPrice": day.last,
        "lowPrice": day.low,
        "price24HoursBefore": day.open,
        "priceChg": changed,
        "priceChgPct": round(changed / day.open, 4),
        "symbol": wire_name(market),
        "ts": kucoin.clock.now() * 1_000_000,
        "turnover": turnover(day),
        "volume": day.volume,
    }


def mark(kucoin: Parts, market: Market) -> Words:
    """Tell the mark price."""
    price = float(kucoin.prices.mark(market.symbol))
    now = kucoin.clock.now() // 1000 * 1000
    return {"markPrice": price, "indexPrice": price, "granularity": 1000, "timestamp": now}


def trade(market: Market, found: PublicTrade) -> Words:
    """Tell of a trade."""
    return {
        "symbol": wire_name(market),
        "sequence": int(found.id),
        "side": found.side,
        "size": max(contracts(market, found.amount), 1),
        "price": text(found.price),
        "takerOrderId": str(int(found.id) + 1),
        "makerOrderId": found.id,
        "tradeId": found.id,
        "ts": found.at * 1_000_000,
    }


def candle(kucoin: Parts, market: Market, length: int) -> Words:
    """Tell the candle that is not over; its turnover stands before its volume."""
    now = kucoin.clock.now()
    row = kucoin.prices.candle(market.symbol, length, now // length * length)
    volume = contracts(market, row.volume)
    prices = (row.open, row.close, row.high, row.low)
    words = [str(row.opened_at // 1000), *(text(price) for price in prices)]
    worth = text(round(row.volume * (row.high + row.low) / 2, 8))
    return {"symbol": wire_name(market), "candles": [*words, worth, str(volume)], "time": now}


def book_change(market: Market, change: Change, at: int) -> Words:
    """Tell of one level of the book."""
    side, size = "sell" if change.side == "asks" else "buy", contracts(market, change.amount)
    return {
        "sequence": change.sequence,
        "change": f"{text(change.price)},{side},{size}",
        "timestamp": at,
    }


def _level(market: Market, level: Level) -> list[Any]:
    return [text(level.price), contracts(market, level.amount)]
