"""The application: REST, the documentation and MCP in Litestar, behind the gateway."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

from litestar import Litestar, Request, Response, asgi
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig
from litestar.types import Receive, Scope, Send

from trading_mcp.api.asgi import App
from trading_mcp.api.context import ApiContext, Listeners
from trading_mcp.api.docs import DocsPage, OpenApiJson
from trading_mcp.api.errors import problem
from trading_mcp.api.gateway import Gateway
from trading_mcp.api.mcp.catalogue import Entry, catalogue
from trading_mcp.api.mcp.server import build_mcp, mcp_app, warm_up
from trading_mcp.api.paths import DOCS, MCP
from trading_mcp.api.rest import engine, execution, positions, risk, server, status, strategies
from trading_mcp.api.rest.routing import Call, refuse_unknown_parameters
from trading_mcp.api.settings import ServerSettings
from trading_mcp.api.subscribers import Subscribers
from trading_mcp.api.ws import WebSockets

SECTIONS = (status, positions, strategies, risk, execution, engine)


def build_app(context: ApiContext) -> Gateway:
    """Return everything that is served, as one ASGI application."""
    listeners = Listeners()
    return Gateway(
        http=cast(App, _litestar(context, listeners)),
        websocket=_sockets(context),
        settings=context.settings,
        listeners=listeners,
    )


def _litestar(context: ApiContext, listeners: Listeners) -> Litestar:
    entries = catalogue(context.operations.values())
    mcp = build_mcp(context, entries)
    mounted = mcp_app(mcp, context.settings)

    @asgi(MCP, is_mount=True, copy_scope=True)
    async def mount(scope: Scope, receive: Receive, send: Send) -> None:
        await mounted(cast(Any, scope), cast(Any, receive), cast(Any, send))

    @contextlib.asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with mounted.router.lifespan_context(mounted):
            await warm_up(mcp, entries)
            yield

    return Litestar(
        [*(route for section in SECTIONS for route in section.ROUTES), *server.ROUTES, mount],
        lifespan=[lifespan],
        state=_state(context, listeners, entries),
        request_class=Call,
        before_request=refuse_unknown_parameters,
        exception_handlers={Exception: _refused},
        cors_config=_cors(context.settings),
        openapi_config=_openapi(context.version),
        logging_config=None,
    )


def _state(context: ApiContext, listeners: Listeners, entries: list[Entry]) -> State:
    """Return what routes find in the application's state."""
    return State(
        {
            "context": context,
            "operations": context.operations,
            "listeners": listeners,
            "tools": entries,
        }
    )


def _sockets(context: ApiContext) -> WebSockets:
    subscribers = Subscribers(most=context.settings.ws_queue)
    context.announcer.listen(subscribers.hear)
    return WebSockets(subscribers, most=context.settings.ws_max_connections)


def _refused(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    told = problem(error)
    return Response(
        told.body(), status_code=told.status, headers=told.headers, media_type="application/json"
    )


def _cors(settings: ServerSettings) -> CORSConfig | None:
    if not settings.allowed_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.allowed_origins),
        expose_headers=["x-request-id", "mcp-session-id"],
    )


def _openapi(version: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Trading MCP Server",
        version=version,
        path=DOCS,
        render_plugins=[DocsPage(path="/"), OpenApiJson(path="/openapi.json")],
        use_handler_docstrings=True,
    )
