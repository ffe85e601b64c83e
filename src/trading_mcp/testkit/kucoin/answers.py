"""Answers as they should be, and as they come when something goes wrong."""

import asyncio
import contextlib
from typing import Any

from aiohttp import web

from trading_mcp.testkit.kucoin.settings import Kind
from trading_mcp.testkit.kucoin.slips import Refusal

_HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_PAGES: dict[Kind, tuple[int, str]] = {
    "http_500": (500, "500 Internal Server Error"),
    "http_502": (502, "502 Bad Gateway"),
    "http_503": (503, "503 Service Temporarily Unavailable"),
    "html_200": (200, "Just a moment..."),
}
_CODES: dict[Kind, tuple[int, str, str]] = {
    "code_408000": (200, "408000", "Network timeout, please try again later"),
    "http_429": (429, "429000", "Too Many Requests"),
    "code_429000": (200, "429000", "Too many requests. System-level rate limit exceeded."),
    "unknown_code": (200, "999999", "Something nobody has heard of"),
    "duplicate_oid": (200, "126044", "clientOid duplicate"),
}


def good(data: Any) -> web.Response:
    """Answer with data."""
    return web.json_response({"code": "200000", "data": data})


def refused(refusal: Refusal) -> web.Response:
    """Answer with a refusal."""
    words = {"code": refusal.code, "msg": refusal.message}
    return web.json_response(words, status=refusal.status)


async def faulty(
    kind: Kind, request: web.Request, over: asyncio.Event, hang_seconds: float
) -> web.StreamResponse:
    """Answer badly; *over* ends what hangs."""
    if kind in _PAGES:
        status, title = _PAGES[kind]
        return web.Response(status=status, text=_HTML.format(title), content_type="text/html")
    if kind in _CODES:
        status, code, message = _CODES[kind]
        return refused(Refusal(code, message, status))
    if kind == "empty_200":
        return web.Response(text="", content_type="application/json")
    return await _broken(kind, request, over, hang_seconds)


async def _broken(
    kind: Kind, request: web.Request, over: asyncio.Event, hang_seconds: float
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    if kind == "hang":
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), hang_seconds)
    elif kind == "cut":
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b'{"code":"200000","data":{"orde')
    if request.transport is not None:
        request.transport.abort()
    return response
