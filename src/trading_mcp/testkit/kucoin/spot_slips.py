"""Which spot order a request means, and what has become of it."""

from decimal import Decimal

from trading_mcp.testkit.kucoin.calls import Call
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.slips import Slip
from trading_mcp.testkit.kucoin.spot_words import Words


def slip_by_id(kucoin: Parts, call: Call) -> Slip | None:
    """Return the order that a request names by its id."""
    return kucoin.exchange.register.find(call.needed("orderId"))


def slip_by_client(kucoin: Parts, call: Call, *, stop: bool) -> Slip | None:
    """Return the order, or the stop order, that a request names by its client id."""
    client_oid = call.needed("clientOid")
    return kucoin.exchange.register.find_client("spot", client_oid, stop=stop)


def is_of(call: Call, slip: Slip) -> bool:
    """Say whether an order is in a market that a request is about."""
    wanted = call.text("symbol")
    return not wanted or slip.wish.symbol in wanted.split(",")


def outcome(slip: Slip) -> Words:
    """Tell what has become of an order."""
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
