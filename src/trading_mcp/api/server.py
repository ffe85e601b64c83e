"""Listening, serving, and stopping in time."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, cast

import uvicorn
from uvicorn.server import HANDLED_SIGNALS

from trading_mcp.api.application import build_app
from trading_mcp.api.gateway import Gateway
from trading_mcp.api.protocols import HttpProtocol, WebSocketProtocol
from trading_mcp.api.settings import ServerSettings

__all__ = ["ListenerBusy", "bind", "build_app", "serve"]

GRACE_S = 3
"""Requests under way may still take this long when the server stops."""
WS_MESSAGE_BYTES = 16_384
"""What a client has to say over a WebSocket is short."""
_LISTENERS = {
    "gateway": ("port", "--port"),
    "rest": ("rest_port", "--rest-port"),
    "mcp": ("mcp_port", "--mcp-port"),
}


class ListenerBusy(Exception):
    """An address can't be listened on; the message says which, why, and what to change."""


def bind(settings: ServerSettings) -> dict[str, socket.socket]:
    """Return a listening socket for each listener that is on. Raises ListenerBusy."""
    sockets: dict[str, socket.socket] = {}
    try:
        for name, (key, flag) in _LISTENERS.items():
            port = getattr(settings, key)
            if port != "off":
                sockets[name] = _listen(settings.host, port, f"server.{key} or {flag}")
    except ListenerBusy:
        for bound in sockets.values():
            bound.close()
        raise
    return sockets


async def serve(
    app: Gateway,
    settings: ServerSettings,
    sockets: dict[str, socket.socket],
    *,
    on_ready: Callable[[dict[str, str]], None] = lambda urls: None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM (a second one waits for nobody), or until *stop* is set.

    *on_ready* is given the listeners' addresses once they answer.
    """
    app.listeners.urls = {name: _url(settings.host, bound) for name, bound in sockets.items()}
    server = Server(_configuration(app), lambda: on_ready(dict(app.listeners.urls)))
    watch = asyncio.create_task(_stop_when(stop, server)) if stop else None
    try:
        await server.serve(sockets=list(sockets.values()))
    finally:
        if watch:
            watch.cancel()


class Server(uvicorn.Server):
    """uvicorn's server, telling when it is ready, with signals of our own."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]):
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in good order; told again, at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on signals. uvicorn would raise them again in the end: no exit code 0.

        Event streams look for the server behind the signal's handler to know when to end.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


async def _stop_when(stop: asyncio.Event, server: Server) -> None:
    await stop.wait()
    server.should_exit = True


def _configuration(app: Gateway) -> uvicorn.Config:
    return uvicorn.Config(
        cast(Any, app),
        http=HttpProtocol,
        ws=WebSocketProtocol,
        ws_max_size=WS_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # it would compress each announcement once per subscriber
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who may speak for a client would have to be configured first
        timeout_graceful_shutdown=GRACE_S,
    )


def _listen(host: str, port: int, setting: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ListenerBusy(
            f"Cannot listen on {host}:{port}: {error.strerror or error}. "
            f"Change {setting} (0: any free port, off: do without)."
        ) from None
    bound.setblocking(False)
    # Connections inherit it. Without it an answer in two parts may wait 40 ms for the client's
    # acknowledgement of the first; uvloop would see to it, asyncio's own loop does not.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound


def _url(host: str, bound: socket.socket) -> str:
    # What listens on all addresses is reached at this machine's own.
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    name = f"[{reached}]" if ":" in reached else reached
    return f"http://{name}:{bound.getsockname()[1]}"
