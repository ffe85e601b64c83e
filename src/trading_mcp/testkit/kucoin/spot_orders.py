"""KuCoin's spot orders over REST: the classic account's, the high-frequency one's, and stops."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from trading_mcp.domain.orders import Fill
from trading_mcp.testkit.kucoin.calls import Call, Json, Route
from trading_mcp.testkit.kucoin.pages import limited, paged
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.refusals import UNKNOWN_SYMBOL, is_unknown
from trading_mcp.testkit.kucoin.register import is_stop
from trading_mcp.testkit.kucoin.slips import Refusal, Slip, Wish
from trading_mcp.testkit.kucoin.spot_words import (
    Words,
    classic_fill,
    classic_order,
    hf_fill,
    hf_order,
    stop_order,
)

Show = Callable[[Parts, Slip], Words]


def wish_of(kucoin: Parts, call: Call) -> Wish:
    """Return the order that a request asks for; raise Refusal if it makes no sense."""
    name, kind, side = call.needed("symbol"), call.text("type", "limit"), call.needed("side")
    market = kucoin.listing.market(name)
    if market is None or market.type != "spot":
        raise UNKNOWN_SYMBOL
    if kind not in ("limit", "market") or side not in ("buy", "sell"):
        raise Refusal("400100", "Invalid order type or side")
    price = call.number("price") if kind == "limit" else None
    if kind == "limit" and price is None:
        raise Refusal("400100", "price can not be empty")
    return Wish(
        product="spot",
        symbol=market.symbol,
        side="buy" if side == "buy" else "sell",
        type="limit" if kind == "limit" else "market",
        client_oid=call.needed("clientOid"),
        size=call.number("size"),
        funds=call.number("funds"),
        price=price,
        **_conditions(call),
        time_in_force=call.text("timeInForce", "GTC"),
        post_only=call.flag("postOnly"),
        hidden=call.flag("hidden"),
        iceberg=call.flag("iceberg"),
        visible_size=call.text("visibleSize", "0"),
        cancel_after=max(call.integer("cancelAfter", 0), 0),
        remark=call.text("remark") or None,
    )


def place(kucoin: Parts, call: Call) -> Json:
    """Take an order on the classic account."""
    return {"orderId": kucoin.exchange.place(wish_of(kucoin, call)).id}


def place_hf(kucoin: Parts, call: Call) -> Json:
    """Take an order on the high-frequency account."""
    slip = kucoin.exchange.place(wish_of(kucoin, call))
    return {"orderId": slip.id, "clientOid": slip.wish.client_oid}


def place_and_tell(kucoin: Parts, call: Call) -> Json:
    """Take an order and tell what has become of it."""
    slip = kucoin.exchange.place(wish_of(kucoin, call))
    times = {"orderTime": slip.created_at, "matchTime": slip.updated_at}
    return {"orderId": slip.id, "clientOid": slip.wish.client_oid, **_outcome(slip), **times}


def test_order(kucoin: Parts, call: Call) -> Json:
    """Check an order and forget it."""
    wish = wish_of(kucoin, call)
    order_id = kucoin.exchange.register.new_id("spot", stop=False)
    return {"orderId": order_id, "clientOid": wish.client_oid}


def place_stop(kucoin: Parts, call: Call) -> Json:
    """Take an order that waits for its stop."""
    if call.number("stopPrice") is None:
        raise Refusal("400100", "stopPrice can not be empty")
    return {"orderId": kucoin.exchange.place(wish_of(kucoin, call)).id}


def cancel(kucoin: Parts, call: Call) -> Json:
    """Cancel an order by its id."""
    return {"cancelledOrderIds": [_cancelled(kucoin, _by_id(kucoin, call)).id]}


def cancel_hf(kucoin: Parts, call: Call) -> Json:
    """Cancel an order by its id."""
    return {"orderId": _cancelled(kucoin, _by_id(kucoin, call)).id}


def cancel_and_tell(kucoin: Parts, call: Call) -> Json:
    """Cancel an order by its id and tell what became of it."""
    slip = _cancelled(kucoin, _by_id(kucoin, call))
    return {"orderId": slip.id, **_outcome(slip)}


def cancel_client(kucoin: Parts, call: Call) -> Json:
    """Cancel an order by its client id."""
    slip = _cancelled(kucoin, _by_client(kucoin, call, stop=False))
    named = {"cancelledOrderId": slip.id, "clientOid": slip.wish.client_oid}
    return {**named, "cancelledOcoOrderIds": None}


def cancel_client_hf(kucoin: Parts, call: Call) -> Json:
    """Cancel an order by its client id."""
    return {"clientOid": _cancelled(kucoin, _by_client(kucoin, call, stop=False)).wish.client_oid}


def cancel_client_and_tell(kucoin: Parts, call: Call) -> Json:
    """Cancel an order by its client id and tell what became of it."""
    slip = _cancelled(kucoin, _by_client(kucoin, call, stop=False))
    return {"clientOid": slip.wish.client_oid, **_outcome(slip)}


def cancel_stop(kucoin: Parts, call: Call) -> Json:
    """Cancel a stop order by its id."""
    return {"cancelledOrderIds": [_cancelled(kucoin, _by_id(kucoin, call)).id]}


def cancel_stop_client(kucoin: Parts, call: Call) -> Json:
    """Cancel a stop order by its client id."""
    slip = _cancelled(kucoin, _by_client(kucoin, call, stop=True))
    return {"cancelledOrderId": slip.id, "clientOid": slip.wish.client_oid}


def cancel_all(kucoin: Parts, call: Call) -> Json:
    """Cancel every order in the book."""
    return {"cancelledOrderIds": _cancel_many(kucoin, call, stop=False)}


def cancel_all_hf(kucoin: Parts, call: Call) -> Json:
    """Cancel every order of a market."""
    _cancel_many(kucoin, call, stop=False)
    return "success"


def cancel_everything_hf(kucoin: Parts, call: Call) -> Json:
    """Cancel every order in the book, and name the markets."""
    found = {s.wish.symbol for s in kucoin.exchange.register.live("spot") if s.state == "open"}
    _cancel_many(kucoin, call, stop=False)
    return {"succeedSymbols": sorted(found), "failedSymbols": []}


def cancel_all_stops(kucoin: Parts, call: Call) -> Json:
    """Cancel every stop order."""
    return {"cancelledOrderIds": _cancel_many(kucoin, call, stop=True)}


def order(kucoin: Parts, call: Call) -> Json:
    """Show an order."""
    return _classic(kucoin, _seen(kucoin, _by_id(kucoin, call)))


def order_hf(kucoin: Parts, call: Call) -> Json:
    """Show an order."""
    return _hf(kucoin, _seen(kucoin, _by_id(kucoin, call)))


def order_client(kucoin: Parts, call: Call) -> Json:
    """Show an order by its client id."""
    return _classic(kucoin, _seen(kucoin, _by_client(kucoin, call, stop=False)))


def order_client_hf(kucoin: Parts, call: Call) -> Json:
    """Show an order by its client id."""
    return _hf(kucoin, _seen(kucoin, _by_client(kucoin, call, stop=False)))


def stop(kucoin: Parts, call: Call) -> Json:
    """Show a stop order."""
    return _stop(kucoin, _seen(kucoin, _by_id(kucoin, call)))


def stop_client(kucoin: Parts, call: Call) -> Json:
    """List the stop orders of a client id that wait."""
    slip = _by_client(kucoin, call, stop=True)
    return [_stop(kucoin, slip)] if slip and slip.state == "waiting" else []


def orders(kucoin: Parts, call: Call) -> Json:
    """List orders, newest first."""
    state = call.text("status", "active")
    return paged(call, _listed(kucoin, call, _classic, active=state == "active"))


def recent_orders(kucoin: Parts, call: Call) -> Json:
    """List the newest orders."""
    both = [*_listed(kucoin, call, _classic, active=True)]
    return [*both, *_listed(kucoin, call, _classic, active=False)][:1000]


def active_hf(kucoin: Parts, call: Call) -> Json:
    """List the orders in the book."""
    return _listed(kucoin, call, _hf, active=True)


def active_page_hf(kucoin: Parts, call: Call) -> Json:
    """List the orders in the book, by the page."""
    return paged(call, _listed(kucoin, call, _hf, active=True))


def active_symbols_hf(kucoin: Parts, call: Call) -> Json:
    """List the markets with orders in the book."""
    live = kucoin.exchange.register.live("spot")
    return {"symbols": sorted({s.wish.symbol for s in live if s.state == "open"})}


def done_hf(kucoin: Parts, call: Call) -> Json:
    """List the orders that have ended, newest first."""
    return limited(call, _listed(kucoin, call, _hf, active=False))


def stops(kucoin: Parts, call: Call) -> Json:
    """List the stop orders that wait."""
    kucoin.exchange.follow()
    waiting = (s for s in kucoin.exchange.register.live("spot") if s.state == "waiting")
    chosen = [slip for slip in waiting if _is_wanted(call, slip)]
    return paged(call, [_stop(kucoin, slip) for slip in reversed(chosen)])


def fills(kucoin: Parts, call: Call) -> Json:
    """List trades, newest first."""
    return paged(call, [classic_fill(*found) for found in _fills(kucoin, call)])


def recent_fills(kucoin: Parts, call: Call) -> Json:
    """List the newest trades."""
    return [classic_fill(*found) for found in _fills(kucoin, call)][:1000]


def fills_hf(kucoin: Parts, call: Call) -> Json:
    """List trades, newest first."""
    return limited(call, [hf_fill(*found) for found in _fills(kucoin, call)])


def _conditions(call: Call) -> dict[str, Json]:
    stop_price = call.number("stopPrice")
    if stop_price is None:
        return {}
    default = "entry" if call.text("side") == "buy" else "loss"
    way = call.text("stop", default)
    return {"stop": "loss" if way == "loss" else "entry", "stop_price": stop_price}


def _by_id(kucoin: Parts, call: Call) -> Slip | None:
    return kucoin.exchange.register.find(call.needed("orderId"))


def _by_client(kucoin: Parts, call: Call, *, stop: bool) -> Slip | None:
    client_oid = call.needed("clientOid")
    return kucoin.exchange.register.find_client("spot", client_oid, stop=stop)


def _seen(kucoin: Parts, slip: Slip | None) -> Slip:
    kucoin.exchange.follow()
    now = kucoin.exchange.register.find(slip.id) if slip else None
    if now is None or now.wish.product != "spot":
        raise is_unknown("spot")
    return now


def _cancelled(kucoin: Parts, slip: Slip | None) -> Slip:
    return kucoin.exchange.cancel(slip, "spot")


def _cancel_many(kucoin: Parts, call: Call, *, stop: bool) -> list[str]:
    exchange = kucoin.exchange
    exchange.follow()
    state = "waiting" if stop else "open"
    wanted = [s for s in exchange.register.live("spot") if s.state == state and _is_of(call, s)]
    return [exchange.cancel(slip, "spot").id for slip in wanted]


def _listed(kucoin: Parts, call: Call, show: Show, *, active: bool) -> list[Words]:
    kucoin.exchange.follow()
    slips = [s for s in kucoin.exchange.register.all("spot") if not is_stop(s)]
    chosen = (s for s in reversed(slips) if (s.state == "open") == active)
    return [show(kucoin, slip) for slip in chosen if _is_wanted(call, slip)]


def _fills(kucoin: Parts, call: Call) -> Iterable[tuple[Slip, Fill, Json]]:
    kucoin.exchange.follow()
    slips = (s for s in kucoin.exchange.register.all("spot") if _is_of(call, s))
    wanted = call.text("orderId")
    found = [
        (slip, fill, kucoin.listing.markets[fill.symbol])
        for slip in slips
        for fill in slip.fills
        if wanted in ("", slip.id) and _is_within(call, fill.at)
    ]
    return sorted(found, key=lambda one: int(one[1].trade_id[1:]), reverse=True)


def _is_wanted(call: Call, slip: Slip) -> bool:
    side = call.text("side", slip.wish.side)
    return _is_of(call, slip) and _is_within(call, slip.created_at) and side == slip.wish.side


def _is_of(call: Call, slip: Slip) -> bool:
    wanted = call.text("symbol")
    return not wanted or slip.wish.symbol in wanted.split(",")


def _is_within(call: Call, at: int) -> bool:
    return call.integer("startAt", 0) <= at <= call.integer("endAt", 1 << 62)


def _outcome(slip: Slip) -> Words:
    numbers = {
        "originSize": slip.size,
        "dealSize": slip.filled,
        "remainSize": slip.remaining,
        "canceledSize": slip.cancelled_size,
    }
    state = "done" if slip.state == "done" else "open"
    return {**{name: _plain(value) for name, value in numbers.items()}, "status": state}


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _classic(kucoin: Parts, slip: Slip) -> Words:
    return classic_order(slip, kucoin.listing.markets[slip.wish.symbol])


def _hf(kucoin: Parts, slip: Slip) -> Words:
    return hf_order(slip, kucoin.listing.markets[slip.wish.symbol])


def _stop(kucoin: Parts, slip: Slip) -> Words:
    return stop_order(slip, kucoin.listing.markets[slip.wish.symbol])


_HF = "/api/v1/hf/orders"
_STOP = "/api/v1/stop-order"
ROUTES = (
    Route("POST", "/api/v1/orders/test", test_order, "Spot"),
    Route("POST", f"{_HF}/test", test_order, "Spot"),
    Route("POST", "/api/v1/orders", place, "Spot", "place"),
    Route("POST", _HF, place_hf, "Spot", "place"),
    Route("POST", f"{_HF}/sync", place_and_tell, "Spot", "place"),
    Route("POST", _STOP, place_stop, "Spot", "place"),
    Route("DELETE", "/api/v1/orders", cancel_all, "Spot", "cancel"),
    Route("DELETE", f"{_HF}/cancelAll", cancel_everything_hf, "Spot", "cancel"),
    Route("DELETE", _HF, cancel_all_hf, "Spot", "cancel"),
    Route("DELETE", f"{_STOP}/cancel", cancel_all_stops, "Spot", "cancel"),
    Route("DELETE", f"{_STOP}/cancelOrderByClientOid", cancel_stop_client, "Spot", "cancel"),
    Route("DELETE", f"{_STOP}/{{orderId}}", cancel_stop, "Spot", "cancel"),
    Route("DELETE", "/api/v1/orders/{orderId}", cancel, "Spot", "cancel"),
    Route("DELETE", "/api/v1/order/client-order/{clientOid}", cancel_client, "Spot", "cancel"),
    Route(
        "DELETE", f"{_HF}/sync/client-order/{{clientOid}}", cancel_client_and_tell, "Spot", "cancel"
    ),
    Route("DELETE", f"{_HF}/client-order/{{clientOid}}", cancel_client_hf, "Spot", "cancel"),
    Route("DELETE", f"{_HF}/sync/{{orderId}}", cancel_and_tell, "Spot", "cancel"),
    Route("DELETE", f"{_HF}/{{orderId}}", cancel_hf, "Spot", "cancel"),
    Route("GET", "/api/v1/orders", orders, "General", "query"),
    Route("GET", "/api/v1/limit/orders", recent_orders, "General", "query"),
    Route("GET", "/api/v1/orders/{orderId}", order, "General", "query"),
    Route("GET", "/api/v1/order/client-order/{clientOid}", order_client, "General", "query"),
    Route("GET", f"{_HF}/active/symbols", active_symbols_hf, "General", "query"),
    Route("GET", f"{_HF}/active/page", active_page_hf, "General", "query"),
    Route("GET", f"{_HF}/active", active_hf, "General", "query"),
    Route("GET", f"{_HF}/done", done_hf, "General", "query"),
    Route("GET", f"{_HF}/client-order/{{clientOid}}", order_client_hf, "General", "query"),
    Route("GET", f"{_STOP}/queryOrderByClientOid", stop_client, "General", "query"),
    Route("GET", f"{_STOP}/{{orderId}}", stop, "General", "query"),
    Route("GET", _STOP, stops, "General", "query"),
    Route("GET", "/api/v1/fills", fills, "General", "query"),
    Route("GET", "/api/v1/limit/fills", recent_fills, "General", "query"),
    Route("GET", "/api/v1/hf/fills", fills_hf, "General", "query"),
    # After the switch's own questions, which stand elsewhere, any other name is an order's.
    Route("GET", f"{_HF}/{{orderId}}", order_hf, "General", "query"),
)
