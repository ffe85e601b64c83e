"""The application: REST, the documentation and MCP in Litestar, behind the gateway."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

from litestar import Litestar, Request, Response, Router, asgi
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig
from litestar.types import Receive, Scope, Send

from trading_mcp.api.access import PUBLIC, Entrance, may_enter, open_to, principal_of
from trading_mcp.api.asgi import App
from trading_mcp.api.context import ApiContext, Listeners
from trading_mcp.api.docs import DocsPage, OpenApiJson
from trading_mcp.api.errors import problem
from trading_mcp.api.gateway import Gateway
from trading_mcp.api.mcp.access import as_user
from trading_mcp.api.mcp.catalogue import Entry, catalogue
from trading_mcp.api.mcp.server import build_mcp, mcp_app
from trading_mcp.api.mcp.warming import warm_up
from trading_mcp.api.paths import DOCS, MCP
from trading_mcp.api.rest import (
    access,
    alerts,
    analysis,
    backtests,
    engine,
    execution,
    monitoring,
    optimization,
    pairs,
    positions,
    risk,
    server,
    status,
    strategies,
)
from trading_mcp.api.rest.routing import Call, refuse_unknown_parameters
from trading_mcp.api.subscribers import Subscribers
from trading_mcp.api.ws import WebSockets

SECTIONS = (
    status,
    positions,
    strategies,
    risk,
    execution,
    engine,
    pairs,
    analysis,
    monitoring,
    alerts,
    backtests,
    optimization,
)


def build_app(context: ApiContext) -> Gateway:
    """Return everything that is served, as one ASGI application."""
    listeners = Listeners()
    entrance = Entrance(context.access, required=context.login_required)
    return Gateway(
        http=cast(App, _litestar(context, listeners)),
        websocket=_sockets(context, entrance),
        context=context,
        entrance=entrance,
        listeners=listeners,
    )


def _litestar(context: ApiContext, listeners: Listeners) -> Litestar:
    entries = catalogue(context.operations.values(), context.mcp)
    mcp = build_mcp(context, entries)
    mounted = mcp_app(mcp, context.settings)

    @asgi(MCP, is_mount=True, copy_scope=True, opt=open_to("read"))
    async def mount(scope: Scope, receive: Receive, send: Send) -> None:
        scope["user"] = as_user(principal_of(scope))
        await mounted(cast(Any, scope), cast(Any, receive), cast(Any, send))

    @contextlib.asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with mounted.router.lifespan_context(mounted):
            await warm_up(mounted, entries)
            context.meters.begin()
            yield

    return Litestar(
        [
            *(route for section in SECTIONS for route in section.ROUTES),
            *server.ROUTES,
            *access.ROUTES,
            mount,
        ],
        lifespan=[lifespan],
        state=_state(context, listeners, entries),
        request_class=Call,
        guards=[may_enter],
        before_request=refuse_unknown_parameters,
        exception_handlers={Exception: _refused},
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


def _sockets(context: ApiContext, entrance: Entrance) -> WebSockets:
    subscribers = Subscribers(most=context.settings.ws_queue)
    context.announcer.listen(subscribers.hear)
    context.meters.subscribers = subscribers.__len__
    return WebSockets(
        subscribers,
        entrance,
        most=context.settings.ws_max_connections,
        most_per_second=context.ws_messages_per_second,
    )


def _refused(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    told = problem(error)
    return Response(
        told.body(), status_code=told.status, headers=told.headers, media_type="application/json"
    )


def _openapi(version: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Trading MCP Server",
        version=version,
        # The same for everybody who has this version, and browsers can send no key.
        openapi_router=Router(
            DOCS, route_handlers=[], include_in_schema=False, opt=open_to(PUBLIC)
        ),
        render_plugins=[DocsPage(path="/"), OpenApiJson(path="/openapi.json")],
        use_handler_docstrings=True,
    )
