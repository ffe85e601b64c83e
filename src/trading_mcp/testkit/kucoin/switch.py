"""The dead man's switch over REST."""

from typing import cast

from trading_mcp.testkit.kucoin.calls import Call, Json, Route
from trading_mcp.testkit.kucoin.loopback import Loopback
from trading_mcp.testkit.kucoin.parts import Parts


def set_switch(kucoin: Parts, call: Call) -> Json:
    """Begin anew, or end it."""
    loopback, now = cast(Loopback, kucoin), kucoin.clock.now()
    names = tuple(name for name in call.text("symbols").split(",") if name)
    due = loopback.deadman.set(call.integer("timeout", 0), names, now)
    return {"currentTime": now // 1000, "triggerTime": due // 1000}


def asked(kucoin: Parts, call: Call) -> Json:
    """Tell how it is set, nothing if it is not."""
    switch = cast(Loopback, kucoin).deadman
    if switch.seconds < 0:
        return None
    return {
        "timeout": switch.seconds,
        "symbols": ",".join(switch.names),
        "currentTime": kucoin.clock.now() // 1000,
        "triggerTime": switch.due_at // 1000,
    }


_PATH = "/api/v1/hf/orders/dead-cancel-all"
ROUTES = (
    Route("POST", _PATH, set_switch, "Spot", "query"),
    Route("GET", f"{_PATH}/query", asked, "General", "query"),
)
