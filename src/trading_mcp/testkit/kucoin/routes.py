"""Every path that is answered, and whether a request is about spot or futures."""

import re

from aiohttp import web

from trading_mcp.testkit.kucoin.account import ROUTES as ACCOUNT
from trading_mcp.testkit.kucoin.calls import Routes
from trading_mcp.testkit.kucoin.futures_account import ROUTES as FUTURES_ACCOUNT
from trading_mcp.testkit.kucoin.futures_market import ROUTES as FUTURES_MARKET
from trading_mcp.testkit.kucoin.futures_orders import ROUTES as FUTURES_ORDERS
from trading_mcp.testkit.kucoin.slips import Product
from trading_mcp.testkit.kucoin.spot_cancelling import ROUTES as SPOT_CANCELLING
from trading_mcp.testkit.kucoin.spot_market import ROUTES as SPOT_MARKET
from trading_mcp.testkit.kucoin.spot_orders import ROUTES as SPOT_ORDERS
from trading_mcp.testkit.kucoin.spot_placing import ROUTES as SPOT_PLACING
from trading_mcp.testkit.kucoin.switch import ROUTES as SWITCH
from trading_mcp.testkit.kucoin.tokens import ROUTES as TOKENS

_PARTNER = "ccxtfutures"
_CONTRACT = re.compile(r"\b[A-Z0-9]+USDTM\b")

ROUTES = Routes(
    spot=(*SPOT_MARKET, *TOKENS, *SWITCH, *ACCOUNT, *SPOT_PLACING, *SPOT_CANCELLING, *SPOT_ORDERS),
    futures=(*FUTURES_MARKET, *TOKENS, *FUTURES_ACCOUNT, *FUTURES_ORDERS),
)


def product_of(request: web.Request, path: str, body: bytes) -> Product:
    """Return whose request it is.

    On the real hosts the host says so; here they have one address, and some paths mean both. The
    partner's name tells, which ccxt signs futures with, or a symbol; if nothing does, it is spot.
    """
    partner = request.headers.get("KC-API-PARTNER")
    if request.path != path or partner == _PARTNER or _CONTRACT.search(request.path_qs):
        return "futures"
    return "futures" if _CONTRACT.search(body.decode(errors="replace")) else "spot"
