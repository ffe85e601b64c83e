"""What the spot account's own channels say, word by word."""

from typing import Any

from trading_mcp.domain.markets import Market
from trading_mcp.testkit.kucoin.happenings import BalanceChanged, OrderChanged, StopChanged
from trading_mcp.testkit.kucoin.names import text
from trading_mcp.testkit.kucoin.spot_words import trade_number

Words = dict[str, Any]
_STATES = {"open": "open", "match": "match", "filled": "done", "canceled": "done"}


def order(happening: OrderChanged, market: Market) -> Words:
    """Tell of an order in the first version's words."""
    slip, wish = happening.slip, happening.slip.wish
    words = {
        "canceledSize": text(slip.cancelled_size),
        "clientOid": wish.client_oid,
        "filledSize": text(slip.filled),
        "orderId": slip.id,
        "orderTime": slip.created_at,
        "orderType": wish.type,
        "originSize": text(slip.size),
        "remainSize": text(slip.size - slip.filled - slip.cancelled_size),
        "side": wish.side,
        "size": text(slip.size),
        "status": _STATES.get(happening.change, "new"),
        "symbol": market.symbol,
        "ts": slip.updated_at * 1_000_000,
        "type": happening.change,
    }
    if wish.price is not None:
        words["price"] = text(wish.price)
    return {**words, **_match(happening)}


def order_v2(happening: OrderChanged, market: Market) -> Words:
    """Tell of an order in the second version's words, which begin earlier."""
    words = order(happening, market)
    if happening.change != "received":
        return words
    brief = ("clientOid", "orderId", "orderTime", "orderType", "originSize", "side")
    told = {name: words[name] for name in (*brief, "status", "symbol", "ts", "type")}
    return {**told, **({"price": words["price"]} if "price" in words else {})}


def stop(happening: StopChanged, market: Market, name: str) -> Words:
    """Tell of an order that waits for its stop."""
    slip, wish = happening.slip, happening.slip.wish
    change = {"open": "open", "triggered": "TRIGGERED", "cancel": "cancel"}[happening.change]
    words = {
        "orderId": slip.id,
        "orderPrice": text(wish.price) if wish.price is not None else "0",
        "orderType": "stop",
        "side": wish.side,
        "size": text(slip.size),
        "stop": wish.stop,
        "stopPrice": text(wish.stop_price) if wish.stop_price is not None else "0",
        "symbol": name,
        "tradeType": "TRADE",
        "type": change,
        "createdAt": slip.created_at,
        "ts": slip.updated_at * 1_000_000,
    }
    return {**words, "triggerSuccess": True} if change == "TRIGGERED" else words


def balance(happening: BalanceChanged, now: int, *, hf: bool) -> Words:
    """Tell of one currency of the account."""
    number = str(354_689_988_084_000 + now)
    return {
        "accountId": str(548_674_591_753 + sum(happening.currency.encode())),
        "currency": happening.currency,
        "total": text(happening.total),
        "available": text(happening.free),
        "hold": text(happening.total - happening.free),
        "availableChange": text(happening.free_change),
        "holdChange": text(happening.held_change),
        "relationContext": _context(happening),
        "relationEvent": f"{'trade_hf' if hf else 'trade'}.{happening.cause}",
        "relationEventId": number,
        "time": str(now),
    }


def _context(happening: BalanceChanged) -> Words:
    if not happening.order_id:
        return {}
    return {"symbol": happening.symbol, "orderId": happening.order_id}


def _match(happening: OrderChanged) -> Words:
    fill = happening.fill
    if fill is None:
        return {}
    return {
        "liquidity": "maker" if fill.maker else "taker",
        "feeType": "makerFee" if fill.maker else "takerFee",
        "matchPrice": text(fill.price),
        "matchSize": text(fill.amount),
        "tradeId": str(trade_number(fill)),
    }
