"""The way to the WebSocket: a token and an address."""

from typing import cast

from trading_mcp.testkit.kucoin.calls import Call, Json, Route
from trading_mcp.testkit.kucoin.loopback import Loopback
from trading_mcp.testkit.kucoin.parts import Parts

PING_MS, PONG_MS = 18_000, 10_000


def public(kucoin: Parts, call: Call) -> Json:
    """Let anybody listen to the markets."""
    return _way_in(cast(Loopback, kucoin), private=False)


def private(kucoin: Parts, call: Call) -> Json:
    """Let the key's holder listen to the account."""
    return _way_in(cast(Loopback, kucoin), private=True)


def _way_in(kucoin: Loopback, *, private: bool) -> Json:
    server = {
        "endpoint": kucoin.ws_url,
        "encrypt": False,
        "protocol": "websocket",
        "pingInterval": PING_MS,
        "pingTimeout": PONG_MS,
    }
    return {"token": kucoin.hub.new_token(private=private), "instanceServers": [server]}


ROUTES = (
    Route("POST", "/api/v1/bullet-public", public),
    Route("POST", "/api/v1/bullet-private", private, "General", "query"),
    Route("POST", "/api/v2/bullet-private", private, "General", "query"),
)
