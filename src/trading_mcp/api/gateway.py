"""What every request passes first, HTTP and WebSocket alike, and its answer last."""

import re
import secrets
import time

import structlog

from trading_mcp.api.asgi import App, Message, Receive, Scope, Send, redirect, refuse
from trading_mcp.api.bodies import ClientGone, checked
from trading_mcp.api.context import Listeners
from trading_mcp.api.doors import Doors
from trading_mcp.api.errors import problem
from trading_mcp.api.paths import DOCS, MCP, destination
from trading_mcp.api.settings import ServerSettings
from trading_mcp.domain.errors import NotFound

log = structlog.get_logger(__name__)
CLIENT_GONE = 499
_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Gateway:
    """Checks who asks and how much they send, finds the path, gives the request its number."""

    def __init__(
        self, *, http: App, websocket: App, settings: ServerSettings, listeners: Listeners
    ):
        self._http, self._websocket = http, websocket
        self._settings, self._doors = settings, Doors(settings)
        self.listeners = listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._http(scope, receive, send)
            return
        visit = Visit(scope, send)
        structlog.contextvars.bind_contextvars(request_id=visit.id)
        try:
            await self._serve(scope, receive, visit.send)
            await visit.finish()
        except ClientGone:
            visit.status = CLIENT_GONE
        except Exception as error:  # the last boundary: the documented body, not a closed line
            told = problem(error)
            if not visit.status:  # else the answer has begun: cutting it off is all that is left
                await refuse(scope, visit.send, told)
        finally:
            if self._settings.request_log:
                visit.report()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if objection := self._doors.objection(scope):
            raise objection
        path = self._destination(scope)
        if scope["path"] == "/" and path == DOCS:
            await redirect(scope, send, DOCS)
            return
        if path != scope["path"]:
            scope["path"], scope["raw_path"] = path, path.encode()
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._http(scope, await self._with_body(scope, receive), send)

    def _destination(self, scope: Scope) -> str:
        port = (scope.get("server") or ("", None))[1]
        path = destination(scope, on_mcp_port=self.listeners.is_mcp(port))
        if path.startswith(MCP) and path != MCP:
            # Litestar mounts by prefix: /mcpx would reach the MCP application.
            raise NotFound("No such path")
        return path

    async def _with_body(self, scope: Scope, receive: Receive) -> Receive:
        most, deepest = self._settings.max_body_bytes, self._settings.max_json_depth
        return await checked(scope, receive, most=most, deepest=deepest)


class Visit:
    """One request and what became of it."""

    def __init__(self, scope: Scope, send: Send):
        self._send, self._client = send, (scope.get("client") or ("", 0))[0]
        self._method, self._path = scope.get("method", "WEBSOCKET"), scope["path"]
        self._began = time.perf_counter()
        self.id = _request_id(scope)
        self.status = 0
        self._is_cut = False

    async def send(self, message: Message) -> None:
        """Pass *message* on; note the status, and put our headers on the first of them."""
        kind = message["type"]
        if kind in ("http.response.start", "websocket.http.response.start", "websocket.accept"):
            self.status = message.get("status", 101)
            message["headers"] = [
                *message.get("headers", ()),
                (b"x-request-id", self.id.encode()),
                (b"x-content-type-options", b"nosniff"),
            ]
        elif kind == "http.response.body":
            self._is_cut = message.get("more_body", False)
        await self._send(message)

    async def finish(self) -> None:
        """End an event stream that has ended: its application leaves that to us."""
        if self._is_cut:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def report(self) -> None:
        """Write the request's line."""
        log.info(
            "request",
            method=self._method,
            path=self._path,
            status=self.status,
            ms=round((time.perf_counter() - self._began) * 1000, 2),
            client=self._client,
        )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return str(value.decode())
    return secrets.token_hex(16)
