"""What every request passes first, HTTP and WebSocket alike, and its answer last."""

import re
import secrets
import time
from typing import Any, cast

import structlog
from starlette.middleware.cors import CORSMiddleware

from trading_mcp.api.access import (
    VISITOR,
    Entrance,
    Visitor,
    principal_of,
    refuse_credentials_in_url,
)
from trading_mcp.api.addresses import Clients
from trading_mcp.api.asgi import App, Header, Message, Receive, Scope, Send, redirect, refuse
from trading_mcp.api.bodies import ClientGone, checked
from trading_mcp.api.context import ApiContext, Listeners
from trading_mcp.api.doors import Doors
from trading_mcp.api.errors import problem
from trading_mcp.api.paths import DOCS, HEALTH, MCP, TOOLS, destination
from trading_mcp.api.rate_limits import EXCESS, excess
from trading_mcp.domain.access import Principal
from trading_mcp.domain.errors import NotFound, TradingError
from trading_mcp.services.rates import Allowance

log = structlog.get_logger(__name__)
CLIENT_GONE = 499
VISIT = "trading_mcp.visit"
"""The key of a request's `Visit` in its ASGI scope."""
READABLE = (
    "x-request-id",
    "mcp-session-id",
    "retry-after",
    "www-authenticate",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
)
"""Headers that web pages of allowed origins may read."""
_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Gateway:
    """Checks who asks and how much, finds the path, gives the request its number."""

    def __init__(
        self,
        *,
        http: App,
        websocket: App,
        context: ApiContext,
        entrance: Entrance,
        listeners: Listeners,
    ):
        self._http, self._websocket, self.listeners = http, websocket, listeners
        self._settings, self._limits = context.settings, context.limits
        self._doors, self._entrance = Doors(context.settings), entrance
        self._clients = Clients(context.settings.trusted_proxies)
        self._meters = context.meters
        self._for_pages = self._shared(context.settings.allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._http(scope, receive, send)
            return
        visit = Visit(scope, send, self._clients.address(scope))
        scope[VISIT] = visit
        structlog.contextvars.bind_contextvars(request_id=visit.id)
        visit.objection = self._doors.objection(scope)
        # Pages of foreign origins are told no, not what they might have asked for.
        serve = self._answer if visit.objection else self._for_pages
        try:
            await serve(scope, receive, visit.send)
            await visit.finish()
        except ClientGone:
            visit.status = CLIENT_GONE
        finally:
            self._meters.answered(scope, visit.status, visit.seconds)
            if self._settings.request_log:
                visit.report()

    def _shared(self, origins: tuple[str, ...]) -> App:
        """Return what answers so that pages of *origins* can read it, errors included."""
        if not origins:
            return self._answer
        return cast(
            App,
            CORSMiddleware(
                cast(Any, self._answer),
                allow_origins=[origin.lower().rstrip("/") for origin in origins],
                allow_methods=["*"],
                allow_headers=["*"],
                allow_credentials=True,
                expose_headers=READABLE,
            ),
        )

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit: Visit = scope[VISIT]
        try:
            if visit.objection:
                raise visit.objection
            await self._serve(scope, receive, send, visit)
        except ClientGone:
            raise
        except Exception as error:  # the last boundary: the documented body, not a closed line
            told = problem(error)
            if visit.status:  # the answer has begun: cutting it off is all that is left
                visit.is_open = False
            else:
                await refuse(scope, send, told)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, visit: "Visit") -> None:
        path = self._destination(scope)
        self._count(visit, path)
        refuse_credentials_in_url(scope)
        visit.visitor = self._entrance.visitor(scope, for_agents=path in (MCP, TOOLS))
        scope[VISITOR] = visit.visitor
        if scope["path"] == "/" and path == DOCS:
            await redirect(scope, send, DOCS)
            return
        if path != scope["path"]:
            scope["path"], scope["raw_path"] = path, path.encode()
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
            return
        if scope["method"] == "HEAD" and path != MCP:
            # Routes know GET only. The answer's body is left out by whoever writes it to the line.
            scope = {**scope, "method": "GET"}
        body, receive = await self._with_body(scope, receive)
        if path == MCP:
            self._count_call(scope, visit, body)
        await self._http(scope, receive, send)

    def _destination(self, scope: Scope) -> str:
        port = (scope.get("server") or ("", None))[1]
        path = destination(scope, on_mcp_port=self.listeners.is_mcp(port))
        if path.startswith(MCP) and path != MCP:
            # Litestar mounts by prefix: /mcpx would reach the MCP application.
            raise NotFound("No such path")
        return path

    def _count(self, visit: "Visit", path: str) -> None:
        """Count a request, before anything else is asked of it. Raises TooManyRequests."""
        if self._limits is None or path == HEALTH:
            return
        allowance = (self._limits.knock if path == MCP else self._limits.request)(visit.client)
        self._tell(visit, allowance)
        if error := excess(allowance):
            raise error

    def _count_call(self, scope: Scope, visit: "Visit", body: bytes) -> None:
        """Count a tool's call. The tool refuses one too many itself, so that the agent reads it."""
        if self._limits is None:
            return
        principal = principal_of(scope)
        self._limits.let_in(visit.client, body)
        visit.headers = []
        if allowance := self._limits.call(principal, visit.client, body):
            self._tell(visit, allowance)
            scope[EXCESS] = excess(allowance, "tool calls in an hour")

    def _tell(self, visit: "Visit", allowance: Allowance) -> None:
        assert self._limits is not None
        visit.headers = self._limits.headers(allowance)

    async def _with_body(self, scope: Scope, receive: Receive) -> tuple[bytes, Receive]:
        most, deepest = self._settings.max_body_bytes, self._settings.max_json_depth
        return await checked(scope, receive, most=most, deepest=deepest)


class Visit:
    """One request and what became of it."""

    def __init__(self, scope: Scope, send: Send, client: str):
        self._send, self.client = send, client
        self._method, self._path = scope.get("method", "WEBSOCKET"), scope["path"]
        self._began = time.perf_counter()
        self.id = _request_id(scope)
        self.status = 0
        self.objection: TradingError | None = None
        self.visitor: Visitor | None = None
        self.headers: list[Header] = []
        self.is_open = False

    async def send(self, message: Message) -> None:
        """Pass *message* on; note the status, and put our headers on the first of them."""
        kind = message["type"]
        if kind in ("http.response.start", "websocket.http.response.start", "websocket.accept"):
            self.status = int(message.get("status", 101))
            message["headers"] = [
                *message.get("headers", ()),
                (b"x-request-id", self.id.encode()),
                (b"x-content-type-options", b"nosniff"),
                *self.headers,
            ]
        elif kind == "http.response.body":
            self.is_open = message.get("more_body", False)
        await self._send(message)

    async def finish(self) -> None:
        """End an event stream that has ended: its application leaves that to us."""
        if self.is_open:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.perf_counter() - self._began

    def report(self) -> None:
        """Write the request's line."""
        log.info(
            "request",
            method=self._method,
            path=self._path,
            status=self.status,
            ms=round(self.seconds * 1000, 2),
            client=self.client,
            principal=self.visitor.name if isinstance(self.visitor, Principal) else None,
        )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return str(value.decode())
    return secrets.token_hex(16)
