"""Everything that the exchange truly has, for whoever checks what a client believes."""

from typing import Any

from trading_mcp.domain.orders import Fill
from trading_mcp.testkit.kucoin import futures_words, spot_words
from trading_mcp.testkit.kucoin.names import contracts
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.register import is_stop
from trading_mcp.testkit.kucoin.slips import Product, Slip

Words = dict[str, Any]
_ACCOUNTS: tuple[Product, ...] = ("spot", "futures")


def ledger_of(kucoin: Parts) -> Words:
    """Return the orders, trades, balances and positions; amounts are base, as text."""
    kucoin.exchange.follow()
    register = kucoin.exchange.register
    slips = list(register.all())
    return {
        "orders": [_order(kucoin, slip) for slip in slips],
        "trades": [_trade(kucoin, slip, fill) for slip in slips for fill in slip.fills],
        "balances": {account: _balances(kucoin, account) for account in _ACCOUNTS},
        "positions": _positions(kucoin),
        "accepted": {oid: n for (_, oid), n in register.accepted.items() if oid},
        "asked": {oid: n for (_, oid), n in register.asked.items() if oid},
    }


def _order(kucoin: Parts, slip: Slip) -> Words:
    wish = slip.wish
    return {
        "id": slip.id,
        "client_oid": wish.client_oid,
        "account": wish.product,
        "symbol": wish.symbol,
        "name": kucoin.listing.wire[wish.symbol],
        "side": wish.side,
        "type": wish.type,
        "price": _text(wish.price),
        "stop_price": _text(wish.stop_price),
        "size": _text(slip.size),
        "filled": _text(slip.filled),
        "filled_value": _text(slip.filled_value),
        "fee": _text(slip.fee),
        "status": _status(slip),
        "is_stop": is_stop(slip),
        "triggered": slip.triggered,
        "follows": slip.follows,
        "reduce_only": wish.reduce_only,
        "reason": slip.reason,
        "created_at": slip.created_at,
        "updated_at": slip.updated_at,
    }


def _status(slip: Slip) -> str:
    if slip.state != "done":
        return slip.state
    if slip.cancelled:
        return "cancelled"
    return "filled" if slip.fills else "triggered"


def _trade(kucoin: Parts, slip: Slip, fill: Fill) -> Words:
    spot = slip.wish.product == "spot"
    number = str(spot_words.trade_number(fill)) if spot else futures_words.trade_number(fill)
    return {
        "id": number,
        "order_id": slip.id,
        "client_oid": slip.wish.client_oid,
        "account": slip.wish.product,
        "symbol": fill.symbol,
        "side": fill.side,
        "amount": _text(fill.amount),
        "price": _text(fill.price),
        "fee": _text(fill.fee),
        "fee_currency": fill.fee_currency,
        "maker": fill.maker,
        "at": fill.at,
    }


def _balances(kucoin: Parts, account: Product) -> Words:
    balances = kucoin.exchange.wallets[account].balances().values()
    return {b.currency: {"total": _text(b.total), "free": _text(b.free)} for b in balances}


def _positions(kucoin: Parts) -> Words:
    stakes = kucoin.exchange.wallets["futures"].account.state.stakes
    markets = kucoin.listing.markets
    return {
        symbol: {
            "amount": _text(stake.sign * stake.size),
            "contracts": stake.sign * contracts(markets[symbol], stake.size),
            "entry_price": _text(stake.entry_price),
            "leverage": stake.leverage,
        }
        for symbol, stake in stakes.items()
    }


def _text(value: Any) -> str | None:
    return None if value is None else f"{value.normalize():f}"
