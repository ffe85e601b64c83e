"""What the futures account's own channels say, word by word."""

from typing import Any

from trading_mcp.domain.markets import Market
from trading_mcp.testkit.kucoin import futures_words
from trading_mcp.testkit.kucoin.happenings import OrderChanged, StopChanged
from trading_mcp.testkit.kucoin.names import contracts, text
from trading_mcp.testkit.kucoin.parts import Parts

Words = dict[str, Any]
_STATES = {"open": "open", "match": "match", "filled": "done", "canceled": "done"}


def order(happening: OrderChanged, market: Market, name: str) -> Words:
    """Tell of an order."""
    slip, wish, fill = happening.slip, happening.slip.wish, happening.fill
    left = slip.size - slip.filled - slip.cancelled_size
    words = {
        "symbol": name,
        "side": wish.side,
        "canceledSize": str(contracts(market, slip.cancelled_size)),
        "orderId": slip.id,
        "clientOid": wish.client_oid,
        "orderType": wish.type,
        "liquidity": "maker" if fill is None or fill.maker else "taker",
        "marginMode": wish.margin_mode,
        "type": happening.change,
        "orderTime": slip.created_at * 1_000_000,
        "size": str(contracts(market, slip.size)),
        "filledSize": str(contracts(market, slip.filled)),
        "price": text(wish.price) if wish.price is not None else "0",
        "remainSize": str(contracts(market, left)),
        "status": _STATES.get(happening.change, "open"),
        "ts": slip.updated_at * 1_000_000,
    }
    if fill is None:
        return words
    return {
        **words,
        "tradeId": futures_words.trade_number(fill),
        "matchPrice": text(fill.price),
        "matchSize": str(contracts(market, fill.amount)),
        "feeType": "makerFee" if fill.maker else "takerFee",
    }


def stop(happening: StopChanged, market: Market, name: str) -> Words:
    """Tell of an order that waits for its stop."""
    slip, wish = happening.slip, happening.slip.wish
    words = {
        "createdAt": slip.created_at,
        "marginMode": wish.margin_mode,
        "orderId": slip.id,
        "clientOid": wish.client_oid,
        "orderPrice": text(wish.price) if wish.price is not None else "0",
        "orderType": "stop",
        "side": wish.side,
        "size": contracts(market, slip.size),
        "stop": wish.stop,
        "stopPrice": text(wish.stop_price) if wish.stop_price is not None else "0",
        "stopPriceType": wish.stop_price_type,
        "symbol": name,
        "ts": slip.updated_at * 1_000_000,
        "type": happening.change,
    }
    return {**words, "triggerSuccess": True} if happening.change == "triggered" else words


def wallet(kucoin: Parts, currency: str) -> Words:
    """Tell of the account's sums in one currency."""
    sums = futures_words.overview(kucoin, currency)
    return {
        "crossPosMargin": "0",
        "isolatedOrderMargin": text(sums["orderMargin"]),
        "holdBalance": "0",
        "equity": text(sums["accountEquity"]),
        "version": str(kucoin.clock.now()),
        "availableBalance": text(sums["availableBalance"]),
        "isolatedPosMargin": text(sums["positionMargin"]),
        "walletBalance": text(sums["marginBalance"]),
        "isolatedFundingFeeMargin": "0",
        "crossUnPnl": "0",
        "totalCrossMargin": text(sums["availableBalance"]),
        "currency": currency,
        "isolatedUnPnl": text(sums["unrealisedPNL"]),
        "crossOrderMargin": "0",
        "timestamp": str(kucoin.clock.now()),
    }


def position(kucoin: Parts, symbol: str) -> Words:
    """Tell of a position."""
    words = futures_words.position(kucoin, symbol)
    return {**words, "changeReason": "positionChange"}
