"""Who calls a tool: the principal of the HTTP request, or the user of this machine."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from fastmcp.server.dependencies import get_http_request
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools import Tool
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.types import ListToolsRequest

from trading_mcp.api.access import FOR_AGENTS, principal_of
from trading_mcp.api.rate_limits import EXCESS
from trading_mcp.domain.access import Principal
from trading_mcp.domain.errors import Unauthorized
from trading_mcp.services.operations import Caller, Operation

STDIO = Principal(name="local:stdio", scopes=FOR_AGENTS)
WARMING = Principal(name="server", scopes=frozenset({"read"}))

_inside: ContextVar[Principal | None] = ContextVar("inside", default=None)


@contextmanager
def from_inside(principal: Principal) -> Iterator[None]:
    """Let calls that no HTTP request has brought be *principal*'s."""
    before = _inside.set(principal)
    try:
        yield
    finally:
        _inside.reset(before)


def caller(idempotency_key: str | None) -> Caller:
    """Return on whose behalf a tool runs. Raises Unauthorized, TooManyRequests."""
    principal = _principal()
    return Caller(principal.name, idempotency_key, scopes=principal.scopes)


class OwnTools(Middleware):
    """Lists to each caller only the tools that it may use."""

    def __init__(self, operations: Mapping[str, Operation]):
        self._operations = operations

    async def on_list_tools(
        self,
        context: MiddlewareContext[ListToolsRequest],
        call_next: CallNext[ListToolsRequest, Sequence[Tool]],
    ) -> Sequence[Tool]:
        """List what is left."""
        scopes = _principal().scopes
        return [t for t in await call_next(context) if self._operations[t.name].scope in scopes]


def as_user(principal: Principal) -> Any:
    """Return *principal* as the MCP library knows users: a session is only its opener's."""
    token = AccessToken(token="", client_id=principal.name, scopes=sorted(principal.scopes))
    return AuthenticatedUser(token)


def _principal() -> Principal:
    # Asked for each message: a session's own context is that of the request which opened it.
    try:
        scope = get_http_request().scope
    except RuntimeError:
        if (principal := _inside.get()) is None:
            raise Unauthorized("Nobody is known to call this tool") from None
        return principal
    if error := scope.get(EXCESS):
        raise error
    return principal_of(scope)
