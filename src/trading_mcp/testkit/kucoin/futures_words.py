"""Futures orders, trades and positions as KuCoin writes them: amounts are contracts."""

import json
from typing import Any

from trading_mcp.adapters.simulated.margins import free, total, wallet
from trading_mcp.adapters.simulated.stakes import Stake
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, ZERO
from trading_mcp.domain.orders import Fill
from trading_mcp.domain.reports import FundingPaid, Liquidated
from trading_mcp.testkit.kucoin.happenings import Booking
from trading_mcp.testkit.kucoin.names import contracts, text, wire_name
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.slips import Slip

Words = dict[str, Any]
_TRADES = 1_794_100_537_695
_KINDS = {
    "deposit": "TransferIn",
    "withdrawal": "TransferOut",
    "trade": "RealisedPNL",
    "funding": "RealisedPNL",
}


def trade_number(fill: Fill) -> str:
    """Return a trade's id as futures have it."""
    return str(_TRADES + int(fill.trade_id[1:]))


def order(slip: Slip, market: Market) -> Words:
    """Return an order."""
    wish = slip.wish
    value = slip.size * (wish.price or slip.average_price or ZERO)
    ended = slip.state == "done"
    return {
        "id": slip.id,
        "symbol": wire_name(market),
        "type": wish.type,
        "side": wish.side,
        "price": text(wish.price or ZERO),
        "size": contracts(market, slip.size),
        "value": text(value),
        "dealValue": text(slip.filled_value),
        "dealSize": contracts(market, slip.filled),
        "stp": "",
        "stop": wish.stop,
        "stopPriceType": wish.stop_price_type,
        "stopTriggered": slip.triggered,
        "stopPrice": text(wish.stop_price) if wish.stop_price is not None else None,
        "timeInForce": wish.time_in_force,
        "postOnly": wish.post_only,
        "hidden": wish.hidden,
        "iceberg": wish.iceberg,
        "leverage": text(float(wish.leverage)),
        "forceHold": False,
        "closeOrder": wish.close_order,
        "visibleSize": int(wish.visible_size or 0),
        "clientOid": wish.client_oid,
        "remark": wish.remark,
        "tags": "",
        "isActive": not ended,
        "cancelExist": slip.cancelled,
        "createdAt": slip.created_at,
        "updatedAt": slip.updated_at,
        "endAt": slip.updated_at if ended else None,
        "orderTime": slip.created_at * 1_000_000,
        "settleCurrency": market.quote,
        "marginMode": wish.margin_mode,
        "avgDealPrice": text(market.near_price(slip.average_price)),
        "filledSize": contracts(market, slip.filled),
        "filledValue": text(slip.filled_value),
        "status": "done" if ended else "open",
        "reduceOnly": wish.reduce_only,
    }


def fill(slip: Slip, trade: Fill, market: Market) -> Words:
    """Return a trade."""
    return {
        "symbol": wire_name(market),
        "tradeId": trade_number(trade),
        "orderId": slip.id,
        "side": trade.side,
        "liquidity": "maker" if trade.maker else "taker",
        "forceTaker": False,
        "price": text(trade.price),
        "size": contracts(market, trade.amount),
        "value": text(trade.value),
        "openFeePay": text(ZERO if slip.wish.reduce_only else trade.fee),
        "closeFeePay": text(trade.fee if slip.wish.reduce_only else ZERO),
        "stop": slip.wish.stop,
        "feeRate": f"{market.maker_fee if trade.maker else market.taker_fee:.5f}",
        "fixFee": "0",
        "feeCurrency": trade.fee_currency,
        "subTradeType": None,
        "marginMode": slip.wish.margin_mode,
        "openFeeTaxPay": "0",
        "closeFeeTaxPay": "0",
        "displayType": slip.wish.type,
        "fee": text(trade.fee),
        "settleCurrency": market.quote,
        "orderType": slip.wish.type,
        "tradeType": "trade",
        "tradeTime": trade.at * 1_000_000,
        "createdAt": trade.at,
    }


def forced_fill(forced: Liquidated, market: Market) -> Words:
    """Return the trade by which the exchange closed a position; its side is not remembered."""
    number = int(forced.trade_id[1:])
    return {
        "symbol": wire_name(market),
        "tradeId": str(_TRADES + number),
        "orderId": f"{number:024x}",
        "side": "sell",
        "liquidity": "taker",
        "forceTaker": True,
        "price": text(forced.price),
        "size": contracts(market, forced.amount),
        "value": text(EXACT.multiply(forced.amount, forced.price)),
        "stop": "",
        "feeRate": "0",
        "fixFee": "0",
        "feeCurrency": market.quote,
        "marginMode": "ISOLATED",
        "fee": text(forced.fee),
        "settleCurrency": market.quote,
        "orderType": "market",
        "tradeType": "liquidation",
        "tradeTime": forced.at * 1_000_000,
        "createdAt": forced.at,
    }


def overview(kucoin: Parts, currency: str) -> Words:
    """Return the account's sums in one currency."""
    account = kucoin.exchange.wallets["futures"].account
    state, markets = account.state, account.markets
    stakes = [s for s in state.stakes.values() if markets[s.symbol].quote == currency]
    held = total(stake.margin for stake in stakes)
    profit = total(stake.profit(stake.size, kucoin.prices.mark(stake.symbol)) for stake in stakes)
    whole, spare = wallet(state, markets, currency), max(free(state, markets, currency), ZERO)
    orders = max(whole - held - spare, ZERO)
    return {
        "accountEquity": float(whole + profit),
        "unrealisedPNL": float(profit),
        "marginBalance": float(whole),
        "positionMargin": float(held),
        "orderMargin": float(orders),
        "frozenFunds": 0.0,
        "availableBalance": float(spare),
        "currency": currency,
        "riskRatio": 0.0,
        "maxWithdrawAmount": float(spare),
    }


def position(kucoin: Parts, symbol: str) -> Words:
    """Return a position; its quantity is 0 where there is none."""
    market = kucoin.listing.markets[symbol]
    stake = kucoin.exchange.wallets["futures"].account.state.stakes.get(symbol)
    mark = kucoin.prices.mark(symbol)
    numbers = _held(stake, market, mark) if stake else _nothing()
    return {
        "id": str(500_000_000_000_000_000 + sum(symbol.encode())),
        "symbol": wire_name(market),
        "autoDeposit": False,
        "crossMode": False,
        "maintMarginReq": float(market.maintenance_margin),
        "riskLimit": 500_000,
        "delevPercentage": 0.0,
        "openingTimestamp": kucoin.clock.now(),
        "currentTimestamp": kucoin.clock.now(),
        "isOpen": stake is not None,
        "markPrice": float(mark),
        "settleCurrency": market.quote,
        "maintainMargin": float(market.maintenance_margin),
        "riskLimitLevel": 1,
        "marginMode": "ISOLATED",
        "positionSide": "BOTH",
        **numbers,
    }


_FLOATS = (
    *("currentCost", "currentComm", "unrealisedCost", "realisedGrossCost", "realisedCost"),
    *("markValue", "posCost", "posCross", "posCrossMargin", "posInit", "posComm"),
    *("posCommCommon", "posLoss", "posMargin", "posFunding", "posMaint", "maintMargin"),
    *("realisedGrossPnl", "realisedPnl", "unrealisedPnl", "unrealisedPnlPcnt"),
    *("unrealisedRoePcnt", "avgEntryPrice", "liquidationPrice", "bankruptPrice", "leverage"),
    "realLeverage",
)


def _nothing() -> Words:
    return {**dict.fromkeys(_FLOATS, 0.0), "currentQty": 0}


def _held(stake: Stake, market: Market, mark: Any) -> Words:
    cost = EXACT.multiply(stake.sign, stake.cost)
    value, profit = stake.sign * stake.size * mark, stake.profit(stake.size, mark)
    margin = stake.margin
    found = {
        "currentCost": cost,
        "unrealisedCost": cost,
        "markValue": value,
        "posCost": cost,
        "posInit": stake.cost / stake.leverage,
        "posMargin": margin,
        "posMaint": abs(value) * market.maintenance_margin,
        "maintMargin": margin + profit,
        "unrealisedPnl": profit,
        "unrealisedPnlPcnt": round(profit / stake.cost, 4),
        "unrealisedRoePcnt": round(profit / stake.cost * stake.leverage, 4),
        "avgEntryPrice": market.near_price(stake.entry_price),
        "liquidationPrice": stake.liquidation_price(market) or ZERO,
        "bankruptPrice": stake.bankruptcy_price(market),
        "leverage": stake.leverage,
        "realLeverage": stake.leverage,
    }
    quantity = stake.sign * contracts(market, stake.size)
    floats = {name: float(number) for name, number in found.items()}
    return {**_nothing(), **floats, "currentQty": quantity}


def statement_line(booking: Booking, name: str, equity: float) -> Words:
    """Return one line of the account's statement, about the market of that *name*."""
    return {
        "time": booking.at,
        "type": _KINDS.get(booking.kind, booking.kind),
        "amount": float(booking.amount),
        "fee": float(booking.fee),
        "accountEquity": equity,
        "status": "Completed",
        "remark": name,
        "offset": booking.id % 1_000_000_000,
        "currency": booking.currency,
    }


def funding(paid: FundingPaid, market: Market, number: int, mark: float) -> Words:
    """Return one payment of funding; the quantity is what its amount says it was."""
    value = abs(float(paid.amount)) / abs(paid.rate) if paid.rate else 0.0
    sign = -1 if (float(paid.amount) > 0) == (paid.rate > 0) else 1
    quantity = sign * round(value / mark / float(market.step)) if mark else 0
    return {
        "id": number,
        "symbol": wire_name(market),
        "timePoint": paid.at,
        "fundingRate": paid.rate,
        "markPrice": mark,
        "positionQty": quantity,
        "positionCost": sign * value,
        "funding": float(paid.amount),
        "settleCurrency": market.quote,
        "context": json.dumps({"marginMode": "ISOLATED", "positionSide": "BOTH"}),
        "marginMode": "ISOLATED",
    }
