"""Running the application on made-up operations: in this process, or listening on free ports."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
from api_fakes import Fakes

from trading_mcp.api.application import build_app
from trading_mcp.api.server import bind, serve

BASE = "http://localhost:9090"


@contextlib.asynccontextmanager
async def in_process(fakes: Fakes, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Ask the application without a network; MCP needs one that listens."""
    transport = httpx.ASGITransport(build_app(fakes.context(**settings)))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as made:
        yield made


class Running:
    """A server that listens."""

    def __init__(self, urls: dict[str, str], stop: asyncio.Event, task: asyncio.Task[None]):
        self.urls, self.task, self._stop = urls, task, stop
        self.gateway, self.rest, self.mcp = (urls.get(n, "") for n in ("gateway", "rest", "mcp"))
        self.ws = self.rest.replace("http", "ws") + "/ws"

    async def stop(self) -> None:
        self._stop.set()
        await self.task


Serve = Callable[..., contextlib.AbstractAsyncContextManager[Running]]


@contextlib.asynccontextmanager
async def listening(fakes: Fakes, **settings: Any) -> AsyncIterator[Running]:
    """Serve on free ports."""
    context = fakes.context(**settings)
    ready: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    sockets = bind(context.settings)
    app = build_app(context)
    serving = serve(app, context.settings, sockets, on_ready=ready.set_result, stop=stop)
    task = asyncio.create_task(serving)
    await asyncio.wait([ready, task], return_when=asyncio.FIRST_COMPLETED)
    server = Running(await ready, stop, task)
    try:
        yield server
    finally:
        await server.stop()
