"""Every path that is answered, and whether a request is about spot or futures."""

import json

from aiohttp import web

from trading_mcp.testkit.kucoin.account import ROUTES as ACCOUNT
from trading_mcp.testkit.kucoin.calls import Routes
from trading_mcp.testkit.kucoin.futures_account import ROUTES as FUTURES_ACCOUNT
from trading_mcp.testkit.kucoin.futures_market import ROUTES as FUTURES_MARKET
from trading_mcp.testkit.kucoin.futures_orders import ROUTES as FUTURES_ORDERS
from trading_mcp.testkit.kucoin.slips import Product
from trading_mcp.testkit.kucoin.spot_market import ROUTES as SPOT_MARKET
from trading_mcp.testkit.kucoin.spot_orders import ROUTES as SPOT_ORDERS
from trading_mcp.testkit.kucoin.switch import ROUTES as SWITCH
from trading_mcp.testkit.kucoin.tokens import ROUTES as TOKENS

_PARTNER = "ccxtfutures"

ROUTES = Routes(
    spot=(*SPOT_MARKET, *TOKENS, *SWITCH, *ACCOUNT, *SPOT_ORDERS),
    futures=(*FUTURES_MARKET, *TOKENS, *FUTURES_ACCOUNT, *FUTURES_ORDERS),
)


def product_of(request: web.Request, path: str, body: bytes) -> Product:
    """Return whose request it is.

    On the real hosts the host says so; here they have one address, and some paths mean both. The
    partner's name tells, which ccxt signs futures with, or a symbol; if nothing does, it is spot.
    """
    if request.path != path or request.headers.get("KC-API-PARTNER") == _PARTNER:
        return "futures"
    symbol = request.query.get("symbol") or _symbol_in(body)
    return "futures" if symbol.endswith("M") and "-" not in symbol else "spot"


def _symbol_in(body: bytes) -> str:
    try:
        parsed = json.loads(body) if body else {}
    except ValueError:
        return ""
    return str(parsed.get("symbol", "")) if isinstance(parsed, dict) else ""
