"""KuCoin's futures orders over REST: amounts are contracts."""

from decimal import Decimal

from trading_mcp.domain.markets import Market
from trading_mcp.domain.orders import Fill
from trading_mcp.testkit.kucoin.calls import Call, Json, Route
from trading_mcp.testkit.kucoin.futures_words import Words, forced_fill
from trading_mcp.testkit.kucoin.futures_words import fill as fill_words
from trading_mcp.testkit.kucoin.futures_words import order as order_words
from trading_mcp.testkit.kucoin.pages import paged
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.refusals import UNKNOWN_CONTRACT, is_unknown
from trading_mcp.testkit.kucoin.register import is_stop
from trading_mcp.testkit.kucoin.slips import Refusal, Slip, Wish

_RECENT = 1000


def wish_of(kucoin: Parts, call: Call) -> Wish:
    """Return the order that a request asks for; raise Refusal if it makes no sense."""
    market, closes = kucoin.listing.market(call.needed("symbol")), call.flag("closeOrder")
    if market is None or market.type == "spot":
        raise UNKNOWN_CONTRACT
    kind, side = call.text("type", "limit"), call.text("side") or _closing(kucoin, market, closes)
    if kind not in ("limit", "market") or side not in ("buy", "sell"):
        raise Refusal("100001", "Invalid order type or side")
    price = call.number("price") if kind == "limit" else None
    if kind == "limit" and price is None:
        raise Refusal("100001", "Price parameter cannot be empty")
    return Wish(
        product="futures",
        symbol=market.symbol,
        side="buy" if side == "buy" else "sell",
        type="limit" if kind == "limit" else "market",
        client_oid=call.needed("clientOid"),
        size=_size(call, market, closes),
        funds=call.number("valueQty"),
        price=price,
        **_conditions(call),
        time_in_force=call.text("timeInForce", "GTC"),
        post_only=call.flag("postOnly"),
        hidden=call.flag("hidden"),
        iceberg=call.flag("iceberg"),
        visible_size=call.text("visibleSize", "0"),
        reduce_only=call.flag("reduceOnly"),
        close_order=closes,
        leverage=call.integer("leverage", 1),
        margin_mode=_margin_mode(kucoin, call, market),
        remark=call.text("remark") or None,
    )


def place(kucoin: Parts, call: Call) -> Json:
    """Take an order, with or without a stop."""
    slip = kucoin.exchange.place(wish_of(kucoin, call))
    return {"orderId": slip.id, "clientOid": slip.wish.client_oid}


def test_order(kucoin: Parts, call: Call) -> Json:
    """Check an order and forget it."""
    wish = wish_of(kucoin, call)
    order_id = kucoin.exchange.register.new_id("futures", stop=False)
    return {"orderId": order_id, "clientOid": wish.client_oid}


def cancel(kucoin: Parts, call: Call) -> Json:
    """Cancel an order by its id."""
    slip = kucoin.exchange.register.find(call.needed("orderId"))
    return {"cancelledOrderIds": [kucoin.exchange.cancel(slip, "futures").id]}


def cancel_client(kucoin: Parts, call: Call) -> Json:
    """Cancel an order by its client id."""
    return {
        "clientOid": kucoin.exchange.cancel(_by_client(kucoin, call), "futures").wish.client_oid
    }


def cancel_all(kucoin: Parts, call: Call) -> Json:
    """Cancel every order in the book."""
    return _cancel_many(kucoin, call, stop=False)


def cancel_all_stops(kucoin: Parts, call: Call) -> Json:
    """Cancel every order that waits for its stop."""
    return _cancel_many(kucoin, call, stop=True)


def order(kucoin: Parts, call: Call) -> Json:
    """Show an order."""
    kucoin.exchange.follow()
    return _shown(kucoin, kucoin.exchange.register.find(call.needed("orderId")))


def order_client(kucoin: Parts, call: Call) -> Json:
    """Show an order by its client id."""
    kucoin.exchange.follow()
    return _shown(kucoin, _by_client(kucoin, call))


def orders(kucoin: Parts, call: Call) -> Json:
    """List orders that are or were in the book, newest first."""
    return paged(call, _listed(kucoin, call, active=call.text("status", "active") == "active"))


def recent_orders(kucoin: Parts, call: Call) -> Json:
    """List the newest orders that have ended."""
    return _listed(kucoin, call, active=False)[:_RECENT]


def stops(kucoin: Parts, call: Call) -> Json:
    """List the orders that wait for their stop."""
    kucoin.exchange.follow()
    waiting = (s for s in kucoin.exchange.register.live("futures") if s.state == "waiting")
    chosen = [slip for slip in waiting if _is_wanted(kucoin, call, slip)]
    return paged(call, [_words(kucoin, slip) for slip in reversed(chosen)])


def fills(kucoin: Parts, call: Call) -> Json:
    """List trades, newest first."""
    return paged(call, _fills(kucoin, call))


def recent_fills(kucoin: Parts, call: Call) -> Json:
    """List the newest trades."""
    return _fills(kucoin, call)[:_RECENT]


def open_value(kucoin: Parts, call: Call) -> Json:
    """Tell what a market's open orders are worth."""
    market = kucoin.listing.market(call.needed("symbol"))
    if market is None:
        raise UNKNOWN_CONTRACT
    live = [s for s in kucoin.exchange.register.live("futures") if s.wish.symbol == market.symbol]
    sides = {side: [s for s in live if s.wish.side == side] for side in ("buy", "sell")}
    words: Words = {"settleCurrency": market.quote}
    for side, slips in sides.items():
        contracts = sum((slip.remaining for slip in slips), Decimal(0)) / market.step
        cost = sum((s.remaining * (s.wish.price or Decimal(0)) for s in slips), Decimal(0))
        words[f"openOrder{side.title()}Size"] = int(contracts)
        words[f"openOrder{side.title()}Cost"] = f"{cost:f}"
    return words


def _closing(kucoin: Parts, market: Market, closes: bool) -> str:
    stake = kucoin.exchange.wallets["futures"].account.state.stakes.get(market.symbol)
    if not closes or stake is None:
        return "sell" if closes else ""
    return "sell" if stake.sign > 0 else "buy"


def _size(call: Call, market: Market, closes: bool) -> Decimal | None:
    base, size = call.number("qty"), call.number("size")
    if base is not None:
        return base
    if size is not None and size != size.to_integral_value():
        raise Refusal("100001", "Quantity parameter must be an integer.")
    if size is None and not closes and call.number("valueQty") is None:
        raise Refusal("100001", "Quantity parameter cannot be empty.")
    return None if size is None else size * market.step


def _margin_mode(kucoin: Parts, call: Call, market: Market) -> str:
    return call.text("marginMode") or kucoin.exchange.margin_modes.get(market.symbol, "ISOLATED")


def _conditions(call: Call) -> dict[str, Json]:
    way, price = call.text("stop"), call.number("stopPrice")
    if not way and price is None:
        return {}
    if way not in ("up", "down") or price is None:
        raise Refusal("100001", "stop, stopPrice and stopPriceType belong together")
    kind = call.text("stopPriceType", "TP")
    return {"stop": way, "stop_price": price, "stop_price_type": kind}


def _by_client(kucoin: Parts, call: Call) -> Slip | None:
    register, client_oid = kucoin.exchange.register, call.needed("clientOid")
    plain = register.find_client("futures", client_oid, stop=False)
    return plain or register.find_client("futures", client_oid, stop=True)


def _shown(kucoin: Parts, slip: Slip | None) -> Words:
    if slip is None or slip.wish.product != "futures":
        raise is_unknown("futures")
    return _words(kucoin, slip)


def _cancel_many(kucoin: Parts, call: Call, *, stop: bool) -> Words:
    exchange, state = kucoin.exchange, "waiting" if stop else "open"
    exchange.follow()
    live = exchange.register.live("futures")
    wanted = [s for s in live if s.state == state and _is_wanted(kucoin, call, s)]
    return {"cancelledOrderIds": [exchange.cancel(slip, "futures").id for slip in wanted]}


def _listed(kucoin: Parts, call: Call, *, active: bool) -> list[Words]:
    kucoin.exchange.follow()
    slips = [s for s in kucoin.exchange.register.all("futures") if not is_stop(s)]
    chosen = (s for s in reversed(slips) if (s.state != "done") == active)
    return [_words(kucoin, slip) for slip in chosen if _is_wanted(kucoin, call, slip)]


def _fills(kucoin: Parts, call: Call) -> list[Words]:
    kucoin.exchange.follow()
    wanted = call.text("orderId")
    found = [
        (slip, fill)
        for slip in kucoin.exchange.register.all("futures")
        for fill in slip.fills
        if wanted in ("", slip.id) and _is_of(kucoin, call, slip) and _is_within(call, fill.at)
    ]
    newest_first = sorted(found, key=_number, reverse=True)
    markets = kucoin.listing.markets
    words = [fill_words(slip, fill, markets[fill.symbol]) for slip, fill in newest_first]
    return words if wanted else [*_forced(kucoin, call), *words]


def _forced(kucoin: Parts, call: Call) -> list[Words]:
    """Return the trades by which the exchange closed positions, newest first."""
    forced = reversed(kucoin.exchange.wallets["futures"].account.state.liquidations)
    markets = kucoin.listing.markets
    return [forced_fill(f, markets[f.symbol]) for f in forced if _is_within(call, f.at)]


def _number(found: tuple[Slip, Fill]) -> int:
    return int(found[1].trade_id[1:])


def _is_wanted(kucoin: Parts, call: Call, slip: Slip) -> bool:
    return _is_of(kucoin, call, slip) and _is_within(call, slip.created_at)


def _is_of(kucoin: Parts, call: Call, slip: Slip) -> bool:
    return call.text("symbol") in ("", kucoin.listing.wire[slip.wish.symbol])


def _is_within(call: Call, at: int) -> bool:
    return call.integer("startAt", 0) <= at <= call.integer("endAt", 1 << 62)


def _words(kucoin: Parts, slip: Slip) -> Words:
    return order_words(slip, kucoin.listing.markets[slip.wish.symbol])


_ORDERS = "/api/v1/orders"
ROUTES = (
    Route("POST", f"{_ORDERS}/test", test_order, "Futures"),
    Route("POST", _ORDERS, place, "Futures", "place"),
    Route("DELETE", _ORDERS, cancel_all, "Futures", "cancel"),
    Route("DELETE", "/api/v3/orders", cancel_all, "Futures", "cancel"),
    Route("DELETE", "/api/v1/stopOrders", cancel_all_stops, "Futures", "cancel"),
    Route("DELETE", f"{_ORDERS}/client-order/{{clientOid}}", cancel_client, "Futures", "cancel"),
    Route("DELETE", f"{_ORDERS}/{{orderId}}", cancel, "Futures", "cancel"),
    Route("GET", _ORDERS, orders, "General", "query"),
    Route("GET", "/api/v1/recentDoneOrders", recent_orders, "General", "query"),
    Route("GET", "/api/v1/stopOrders", stops, "General", "query"),
    Route("GET", f"{_ORDERS}/byClientOid", order_client, "General", "query"),
    Route("GET", f"{_ORDERS}/{{orderId}}", order, "General", "query"),
    Route("GET", "/api/v1/fills", fills, "General", "query"),
    Route("GET", "/api/v1/recentFills", recent_fills, "General", "query"),
    Route("GET", "/api/v1/openOrderStatistics", open_value, "General", "query"),
)
