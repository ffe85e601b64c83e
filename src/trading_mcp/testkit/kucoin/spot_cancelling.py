"""Spot orders are taken back: one by one by either id, or all at once."""

from trading_mcp.testkit.kucoin.calls import Call, Json, Route
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.slips import Slip
from trading_mcp.testkit.kucoin.spot_slips import is_of, outcome, slip_by_client, slip_by_id


def cancel(kucoin: Parts, call: Call) -> Json:
    """Cancel an order by its id."""
    return {"cancelledOrderIds": [_cancelled(kucoin, slip_by_id(kucoin, call)).id]}


def cancel_hf(kucoin: Parts, call: Call) -> Json:
    """Cancel an order by its id."""
    return {"orderId": _cancelled(kucoin, slip_by_id(kucoin, call)).id}


def cancel_and_tell(kucoin: Parts, call: Call) -> Json:
    """Cancel an order by its id and tell what became of it."""
    slip = _cancelled(kucoin, slip_by_id(kucoin, call))
    return {"orderId": slip.id, **outcome(slip)}


def cancel_client(kucoin: Parts, call: Call) -> Json:
    """Cancel an order by its client id."""
    slip = _cancelled(kucoin, slip_by_client(kucoin, call, stop=False))
    named = {"cancelledOrderId": slip.id, "clientOid": slip.wish.client_oid}
    return {**named, "cancelledOcoOrderIds": None}


def cancel_client_hf(kucoin: Parts, call: Call) -> Json:
    """Cancel an order by its client id."""
    return {
        "clientOid": _cancelled(kucoin, slip_by_client(kucoin, call, stop=False)).wish.client_oid
    }


def cancel_client_and_tell(kucoin: Parts, call: Call) -> Json:
    """Cancel an order by its client id and tell what became of it."""
    slip = _cancelled(kucoin, slip_by_client(kucoin, call, stop=False))
    return {"clientOid": slip.wish.client_oid, **outcome(slip)}


def cancel_stop(kucoin: Parts, call: Call) -> Json:
    """Cancel a stop order by its id."""
    return {"cancelledOrderIds": [_cancelled(kucoin, slip_by_id(kucoin, call)).id]}


def cancel_stop_client(kucoin: Parts, call: Call) -> Json:
    """Cancel a stop order by its client id."""
    slip = _cancelled(kucoin, slip_by_client(kucoin, call, stop=True))
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


def _cancelled(kucoin: Parts, slip: Slip | None) -> Slip:
    return kucoin.exchange.cancel(slip, "spot")


def _cancel_many(kucoin: Parts, call: Call, *, stop: bool) -> list[str]:
    exchange = kucoin.exchange
    exchange.follow()
    state = "waiting" if stop else "open"
    wanted = [s for s in exchange.register.live("spot") if s.state == state and is_of(call, s)]
    return [exchange.cancel(slip, "spot").id for slip in wanted]


_HF = "/api/v1/hf/orders"
_STOP = "/api/v1/stop-order"
ROUTES = (
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
)
