"""What an account's own channels say."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from trading_mcp.domain.markets import Market
from trading_mcp.testkit.kucoin.futures_pushes import order as futures_order
from trading_mcp.testkit.kucoin.futures_pushes import position, wallet
from trading_mcp.testkit.kucoin.futures_pushes import stop as futures_stop
from trading_mcp.testkit.kucoin.happenings import (
    BalanceChanged,
    Happening,
    OrderChanged,
    PositionChanged,
    StopChanged,
)
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.spot_pushes import balance, order_v2
from trading_mcp.testkit.kucoin.spot_pushes import order as spot_order
from trading_mcp.testkit.kucoin.spot_pushes import stop as spot_stop
from trading_mcp.testkit.kucoin.unified import position as unified


class Push(NamedTuple):
    """A message for who listens to *kind* and the market *name*."""

    kind: str
    name: str
    subject: str
    data: dict[str, Any]


def pushes_of(kucoin: Parts, happening: Happening) -> Iterator[Push]:
    """Yield what is said of a happening."""
    match happening:
        case OrderChanged(slip=slip):
            name = kucoin.listing.wire[slip.wish.symbol]
            yield from _order(kucoin.listing.markets[slip.wish.symbol], name, happening)
        case StopChanged(slip=slip):
            name = kucoin.listing.wire[slip.wish.symbol]
            futures = slip.wish.product == "futures"
            kind = "/contractMarket/advancedOrders" if futures else "/spotMarket/advancedOrders"
            market = kucoin.listing.markets[slip.wish.symbol]
            words = futures_stop if futures else spot_stop
            yield Push(kind, name, "stopOrder", words(happening, market, name))
        case BalanceChanged(product="spot"):
            data = balance(happening, kucoin.clock.now(), hf=kucoin.settings.hf)
            yield Push("/account/balance", "", "account.balance", data)
        case BalanceChanged():
            data = wallet(kucoin, happening.currency)
            yield Push("/contractAccount/wallet", "", "walletBalance.change", data)
        case PositionChanged(symbol=symbol):
            name = kucoin.listing.wire[symbol]
            data = position(kucoin, symbol)
            for kind in ("/contract/position", "/contract/positionAll"):
                yield Push(kind, name, "position.change", data)
            yield Push("uta/positionAll", name, "positionAll.FUTURES", unified(kucoin, symbol))


def _order(market: Market, name: str, happening: OrderChanged) -> Iterator[Push]:
    if market.type == "perpetual":
        if happening.change != "received":
            data = futures_order(happening, market, name)
            yield Push("/contractMarket/tradeOrders", name, "symbolOrderChange", data)
        return
    if happening.change != "received":
        data = spot_order(happening, market)
        yield Push("/spotMarket/tradeOrders", name, "orderChange", data)
    data = order_v2(happening, market)
    yield Push("/spotMarket/tradeOrdersV2", name, "orderChange", data)
