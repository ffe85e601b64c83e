"""Spot orders, trades and accounts as KuCoin writes them."""

import json
from typing import Any

from trading_mcp.domain.accounts import Balance
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.orders import Fill
from trading_mcp.testkit.kucoin.happenings import Booking
from trading_mcp.testkit.kucoin.names import text
from trading_mcp.testkit.kucoin.slips import Slip

Words = dict[str, Any]
_TRADES = 11_029_373_945_659_392


def trade_number(fill: Fill) -> int:
    """Return a trade's id as spot has it."""
    return _TRADES + int(fill.trade_id[1:])


def fee_coin(slip: Slip, market: Market) -> str:
    """Return the currency that an order's fees are taken in."""
    return slip.fills[0].fee_currency if slip.fills else market.quote


def classic_order(slip: Slip, market: Market) -> Words:
    """Return an order as the classic account shows it."""
    wish = slip.wish
    return {
        **_order(slip, market),
        "funds": text(wish.funds or ZERO),
        "stp": "",
        "stop": wish.stop,
        "stopTriggered": bool(slip.follows),
        "stopPrice": text(wish.stop_price or ZERO),
        "isActive": slip.state == "open",
    }


def hf_order(slip: Slip, market: Market) -> Words:
    """Return an order as the high-frequency account shows it."""
    funds = slip.size * (slip.wish.price or ZERO)
    left = funds - slip.filled_value if slip.wish.price else ZERO
    return {
        **_order(slip, market),
        "funds": text(slip.wish.funds or funds),
        "stp": None,
        "remainSize": text(slip.remaining),
        "remainFunds": text(max(left, ZERO)),
        "cancelledSize": text(slip.cancelled_size),
        "cancelledFunds": text(slip.cancelled_size * (slip.wish.price or ZERO)),
        "inOrderBook": slip.in_book,
        "active": slip.state == "open",
        "tax": "0",
        "lastUpdatedAt": slip.updated_at,
    }


def _order(slip: Slip, market: Market) -> Words:
    wish = slip.wish
    return {
        "id": slip.id,
        "clientOid": wish.client_oid or None,
        "symbol": market.symbol,
        "opType": "DEAL",
        "type": wish.type,
        "side": wish.side,
        "price": text(wish.price or ZERO),
        "size": text(wish.size if wish.size is not None else ZERO),
        "dealFunds": text(slip.filled_value),
        "dealSize": text(slip.filled),
        "fee": text(slip.fee),
        "feeCurrency": fee_coin(slip, market),
        "timeInForce": wish.time_in_force,
        "postOnly": wish.post_only,
        "hidden": wish.hidden,
        "iceberg": wish.iceberg,
        "visibleSize": wish.visible_size,
        "cancelAfter": wish.cancel_after,
        "channel": "API",
        "remark": wish.remark,
        "tags": None,
        "cancelExist": slip.cancelled,
        "tradeType": "TRADE",
        "createdAt": slip.created_at,
    }


def stop_order(slip: Slip, market: Market) -> Words:
    """Return an order that waits for its stop."""
    wish = slip.wish
    return {
        "id": slip.id,
        "symbol": market.symbol,
        "userId": "633559791e1cbc0001f319bc",
        "status": "NEW" if slip.state == "waiting" else "TRIGGERED",
        "type": wish.type,
        "side": wish.side,
        "price": f"{wish.price:.20f}" if wish.price else None,
        "size": f"{wish.size:.20f}" if wish.size is not None else None,
        "funds": text(wish.funds) if wish.funds else None,
        "stp": None,
        "timeInForce": wish.time_in_force,
        "cancelAfter": wish.cancel_after or -1,
        "postOnly": wish.post_only,
        "hidden": wish.hidden,
        "iceberg": wish.iceberg,
        "visibleSize": None,
        "channel": "API",
        "clientOid": wish.client_oid or None,
        "remark": wish.remark,
        "tags": None,
        "relatedNo": None,
        "orderTime": slip.created_at * 1_000_000,
        "domainId": "kucoin",
        "tradeSource": "USER",
        "tradeType": "TRADE",
        "feeCurrency": market.quote,
        "takerFeeRate": f"{market.taker_fee:.20f}",
        "makerFeeRate": f"{market.maker_fee:.20f}",
        "createdAt": slip.created_at,
        "stop": wish.stop,
        "stopTriggerTime": slip.updated_at if slip.triggered else None,
        "stopPrice": f"{wish.stop_price or ZERO:.20f}",
        "limitPrice": None,
        "pop": None,
        "activateCondition": None,
    }


def classic_fill(slip: Slip, fill: Fill, market: Market) -> Words:
    """Return a trade as the classic account shows it."""
    return {
        "symbol": market.symbol,
        "tradeId": str(trade_number(fill)),
        "orderId": slip.id,
        "counterOrderId": f"{trade_number(fill):024x}",
        "side": fill.side,
        "liquidity": "maker" if fill.maker else "taker",
        "forceTaker": False,
        "price": text(fill.price),
        "size": text(fill.amount),
        "funds": text(fill.value),
        "fee": text(fill.fee),
        "feeRate": text(market.maker_fee if fill.maker else market.taker_fee),
        "feeCurrency": fill.fee_currency,
        "stop": slip.wish.stop,
        "tradeType": "TRADE",
        "type": slip.wish.type,
        "createdAt": fill.at,
    }


def hf_fill(slip: Slip, fill: Fill, market: Market) -> Words:
    """Return a trade as the high-frequency account shows it."""
    number = trade_number(fill)
    words = {"id": number, "tradeId": number, "taxRate": "0", "tax": "0"}
    return {**classic_fill(slip, fill, market), **words}


def account(balance: Balance, kind: str) -> Words:
    """Return one currency of the account named *kind*: trade, trade_hf."""
    return {
        "id": str(548_674_591_753 + sum(balance.currency.encode())),
        "currency": balance.currency,
        "type": kind,
        "balance": text(balance.total),
        "available": text(balance.free),
        "holds": text(balance.total - balance.free),
    }


def statement_line(booking: Booking, *, hf: bool) -> Words:
    """Return one line of the account's statement."""
    kinds = {
        "trade": "TRADE_EXCHANGE" if hf else "Exchange",
        "deposit": "DEPOSIT" if hf else "Deposit",
        "withdrawal": "WITHDRAW" if hf else "Withdrawal",
        "transfer": "TRANSFER" if hf else "Transfer",
    }
    return {
        "id": str(booking.id),
        "currency": booking.currency,
        "amount": text(abs(booking.amount)),
        "fee": text(booking.fee),
        "balance": text(booking.balance),
        "accountType": "TRADE_HF" if hf else "TRADE",
        "bizType": kinds.get(booking.kind, booking.kind),
        "direction": "in" if booking.amount >= 0 else "out",
        "createdAt": str(booking.at) if hf else booking.at,
        "context": _context(booking),
        **({"tax": "0"} if hf else {}),
    }


def _context(booking: Booking) -> str:
    if not booking.order_id:
        return ""
    number = str(_TRADES + int(booking.trade_id[1:]))
    words = {"symbol": booking.symbol, "orderId": booking.order_id, "tradeId": number}
    return json.dumps(words)
