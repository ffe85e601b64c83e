"""A server of made-up operations: in this process, or listening on free ports."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

# Modules beside the tests are not importable by themselves in importlib mode.
sys.path.insert(0, str(Path(__file__).parent))

from api_fakes import Fakes

from trading_mcp.api.application import build_app
from trading_mcp.api.server import bind, serve

BASE = "http://localhost:9090"


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
async def client(fakes: Fakes) -> AsyncIterator[httpx.AsyncClient]:
    """Ask the application without a network; MCP needs a server that listens."""
    async with in_process(fakes) as made:
        yield made


@contextlib.asynccontextmanager
async def in_process(fakes: Fakes, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
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


@pytest.fixture
def running(fakes: Fakes) -> Serve:
    """Give what runs a server of *fakes* with some settings."""

    @contextlib.asynccontextmanager
    async def run(**settings: Any) -> AsyncIterator[Running]:
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

    return run


@pytest.fixture
async def server(running: Serve) -> AsyncIterator[Running]:
    async with running() as made:
        yield made


@pytest.fixture
def in_time() -> Callable[[Awaitable[Any]], Awaitable[Any]]:
    """Give up on what should happen soon after ten seconds."""
    return lambda awaited: asyncio.wait_for(awaited, 10)
