"""The loopback KuCoin as a server on 127.0.0.1."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.testkit.kucoin import control, signing
from trading_mcp.testkit.kucoin.answers import faulty, good, refused
from trading_mcp.testkit.kucoin.calls import Call, Route
from trading_mcp.testkit.kucoin.clock import SkewedClock
from trading_mcp.testkit.kucoin.limits import Pool
from trading_mcp.testkit.kucoin.loopback import Loopback
from trading_mcp.testkit.kucoin.routes import ROUTES, product_of
from trading_mcp.testkit.kucoin.settings import Kind, LoopbackSettings
from trading_mcp.testkit.kucoin.slips import Refusal

FUTURES = "/futures"
"""Behind the address, for clients that want to name the futures' host by itself."""


@contextlib.asynccontextmanager
async def loopback_kucoin(settings: LoopbackSettings | None = None) -> AsyncIterator[Loopback]:
    """Run a loopback KuCoin while inside."""
    settings = settings or LoopbackSettings()
    clock = SkewedClock(SystemClock(), settings.faults.clock_skew_ms)
    loopback = Loopback(settings, clock)
    runner = web.AppRunner(_app(loopback), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    loopback.ticking = asyncio.create_task(_tick(loopback))
    try:
        site = web.TCPSite(runner, "127.0.0.1", settings.port)
        await site.start()
        loopback.port = runner.addresses[0][1]
        yield loopback
    finally:
        loopback.over.set()
        loopback.disconnect()
        await runner.cleanup()
        loopback.ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await loopback.ticking  # what went wrong there is told here


async def _tick(loopback: Loopback) -> None:
    while True:
        await asyncio.sleep(loopback.settings.tick_ms / 1000)
        loopback.tick()


def _app(loopback: Loopback) -> web.Application:
    app, door = web.Application(), _Door(loopback)
    app.router.add_get("/endpoint", loopback.hub.serve)
    app.router.add_get("/uta", loopback.hub.serve)
    app.router.add_route("*", "/{path:.*}", door.answer)
    return app


class _Door:
    """Where every request comes in."""

    def __init__(self, loopback: Loopback):
        self._loopback, self._pool = loopback, Pool(loopback.settings.rate_limit)
        self._running: set[asyncio.Task[Any]] = set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, in whatever way it is to be answered."""
        if request.path.startswith(control.PREFIX):
            return await control.answer(self._loopback, request)
        path = request.path.removeprefix(FUTURES)
        body = await request.read()
        found = ROUTES.find(product_of(request, path, body), request.method, path)
        self._count(request.method, path, private=bool(found and found[1].needs))
        try:
            response = await self._answered(request, path, body, found)
        except Refusal as refusal:
            response = refused(refusal)
        self._loopback.wake()
        return response

    async def _answered(
        self, request: web.Request, path: str, body: bytes, found: Any
    ) -> web.StreamResponse:
        headers = self._pool.spend(self._loopback.clock.now())
        if headers is None:
            return self._pool.refusal()
        if found is None:
            raise Refusal("404000", "URL Not Found", 404)
        product, route, named = found
        fault = self._fault(request.method, path, route)
        if fault and not fault[1]:
            return await self._faulty(fault[0], request)
        self._check(request, path, body, route)
        call = _call(product, named, request, body)
        doing = self._do(route, call)
        if fault:
            await self._start(doing)
            return await self._faulty(fault[0], request)
        response = good(await doing)
        response.headers.update(headers)
        return response

    def _fault(self, method: str, path: str, route: Route) -> tuple[Kind, bool] | None:
        """Return what goes wrong with this request, and whether it is done all the same."""
        script = self._loopback.take_script(method, path)
        if script:
            return script.kind, script.after_accept
        chance = self._loopback.chance
        kind = chance.kind() if route.act in chance.faults.acts else None
        return (kind, kind == "duplicate_oid" or chance.accepts()) if kind else None

    def _check(self, request: web.Request, path: str, body: bytes, route: Route) -> None:
        if not route.needs:
            return
        settings, now = self._loopback.settings, self._loopback.clock.now()
        # What is signed is the path without the host's own part, as it was sent.
        sent = request.raw_path.removeprefix(FUTURES)
        signing.check(settings, request.headers, request.method + sent + body.decode(), now)
        signing.check_permission(settings, route.needs)

    async def _do(self, route: Route, call: Call) -> Any:
        if route.act == "place":
            delay = self._loopback.chance.delay()
            if delay:
                await asyncio.sleep(delay)
        data = route.handler(self._loopback, call)
        self._loopback.wake()
        return data

    async def _start(self, doing: Any) -> None:
        """Begin what is done although its answer is lost; without a delay it is done at once."""
        task = asyncio.create_task(_quietly(doing))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.sleep(0)

    async def _faulty(self, kind: Kind, request: web.Request) -> web.StreamResponse:
        loopback = self._loopback
        return await faulty(kind, request, loopback.over, loopback.settings.hang_seconds)

    def _count(self, method: str, path: str, *, private: bool) -> None:
        self._loopback.requests[f"{method} {path}"] += 1
        if private:
            self._loopback.private_requests[f"{method} {path}"] += 1


async def _quietly(doing: Any) -> None:
    # Whoever asked will never hear of a refusal either.
    with contextlib.suppress(Refusal):
        await doing


def _call(product: Any, named: dict[str, str], request: web.Request, body: bytes) -> Call:
    try:
        parsed = json.loads(body) if body else {}
    except ValueError:
        raise Refusal("400100", "Bad Request") from None
    if not isinstance(parsed, dict):
        raise Refusal("400100", "Bad Request")
    return Call(product=product, named=named, query=dict(request.query), body=parsed)
