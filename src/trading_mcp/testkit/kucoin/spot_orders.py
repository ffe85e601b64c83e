"""Spot orders and trades are asked for."""

from collections.abc import Callable, Iterable

from trading_mcp.domain.orders import Fill
from trading_mcp.testkit.kucoin.calls import Call, Json, Route
from trading_mcp.testkit.kucoin.pages import limited, paged
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.refusals import is_unknown
from trading_mcp.testkit.kucoin.register import is_stop
from trading_mcp.testkit.kucoin.slips import Slip
from trading_mcp.testkit.kucoin.spot_slips import is_of, slip_by_client, slip_by_id
from trading_mcp.testkit.kucoin.spot_words import (
    Words,
    classic_fill,
    classic_order,
    hf_fill,
    hf_order,
    stop_order,
)

Show = Callable[[Parts, Slip], Words]


def order(kucoin: Parts, call: Call) -> Json:
    """Show an order."""
    return _classic(kucoin, _seen(kucoin, slip_by_id(kucoin, call)))


def order_hf(kucoin: Parts, call: Call) -> Json:
    """Show an order; stops are shown elsewhere."""
    slip = _seen(kucoin, slip_by_id(kucoin, call))
    if is_stop(slip):
        raise is_unknown("spot")
    return _hf(kucoin, slip)


def order_client(kucoin: Parts, call: Call) -> Json:
    """Show an order by its client id."""
    return _classic(kucoin, _seen(kucoin, slip_by_client(kucoin, call, stop=False)))


def order_client_hf(kucoin: Parts, call: Call) -> Json:
    """Show an order by its client id."""
    return _hf(kucoin, _seen(kucoin, slip_by_client(kucoin, call, stop=False)))


def stop(kucoin: Parts, call: Call) -> Json:
    """Show a stop order."""
    return _stop(kucoin, _seen(kucoin, slip_by_id(kucoin, call)))


def stop_client(kucoin: Parts, call: Call) -> Json:
    """List the stop orders of a client id that wait."""
    slip = slip_by_client(kucoin, call, stop=True)
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


def _seen(kucoin: Parts, slip: Slip | None) -> Slip:
    kucoin.exchange.follow()
    now = kucoin.exchange.register.find(slip.id) if slip else None
    if now is None or now.wish.product != "spot":
        raise is_unknown("spot")
    return now


def _listed(kucoin: Parts, call: Call, show: Show, *, active: bool) -> list[Words]:
    kucoin.exchange.follow()
    slips = [s for s in kucoin.exchange.register.all("spot") if not is_stop(s)]
    chosen = (s for s in reversed(slips) if (s.state == "open") == active)
    return [show(kucoin, slip) for slip in chosen if _is_wanted(call, slip)]


def _fills(kucoin: Parts, call: Call) -> Iterable[tuple[Slip, Fill, Json]]:
    kucoin.exchange.follow()
    slips = (s for s in kucoin.exchange.register.all("spot") if is_of(call, s))
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
    return is_of(call, slip) and _is_within(call, slip.created_at) and side == slip.wish.side


def _is_within(call: Call, at: int) -> bool:
    return call.integer("startAt", 0) <= at <= call.integer("endAt", 1 << 62)


def _classic(kucoin: Parts, slip: Slip) -> Words:
    return classic_order(slip, kucoin.listing.markets[slip.wish.symbol])


def _hf(kucoin: Parts, slip: Slip) -> Words:
    return hf_order(slip, kucoin.listing.markets[slip.wish.symbol])


def _stop(kucoin: Parts, slip: Slip) -> Words:
    return stop_order(slip, kucoin.listing.markets[slip.wish.symbol])


_HF = "/api/v1/hf/orders"
_STOP = "/api/v1/stop-order"
ROUTES = (
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
    Route("GET", f"{_HF}/{{orderId}}", order_hf, "General", "query"),
)
