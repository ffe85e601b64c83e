"""Spot orders come in: on the classic account, on the high-frequency one, with stops."""

from trading_mcp.testkit.kucoin.calls import Call, Json, Route
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.refusals import UNKNOWN_SYMBOL
from trading_mcp.testkit.kucoin.slips import Refusal, Wish
from trading_mcp.testkit.kucoin.spot_slips import outcome


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
    return {"orderId": slip.id, "clientOid": slip.wish.client_oid, **outcome(slip), **times}


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


def _conditions(call: Call) -> dict[str, Json]:
    stop_price = call.number("stopPrice")
    if stop_price is None:
        return {}
    default = "entry" if call.text("side") == "buy" else "loss"
    way = call.text("stop", default)
    return {"stop": "loss" if way == "loss" else "entry", "stop_price": stop_price}


_HF = "/api/v1/hf/orders"
_STOP = "/api/v1/stop-order"
ROUTES = (
    Route("POST", "/api/v1/orders/test", test_order, "Spot"),
    Route("POST", f"{_HF}/test", test_order, "Spot"),
    Route("POST", "/api/v1/orders", place, "Spot", "place"),
    Route("POST", _HF, place_hf, "Spot", "place"),
    Route("POST", f"{_HF}/sync", place_and_tell, "Spot", "place"),
    Route("POST", _STOP, place_stop, "Spot", "place"),
)
