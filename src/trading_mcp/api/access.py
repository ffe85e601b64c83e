"""Who asks: the principal behind a request, told by its credential or by the place it came to."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from trading_mcp.api.asgi import Scope
from trading_mcp.domain.access import SCOPES, Principal
from trading_mcp.domain.access import Scope as AccessScope
from trading_mcp.domain.errors import InvalidRequest, Unauthorized
from trading_mcp.services.access import Access
from trading_mcp.services.guarding import must_have
from trading_mcp.services.operations import Operation

VISITOR = "trading_mcp.visitor"
"""The key of a request's `Visitor` in its ASGI scope."""
PUBLIC = "public"
"""What a route's `scope` is that anybody may ask."""
FOR_AGENTS = frozenset(SCOPES) - {"admin"}
"""What raises risk is no tool, whoever has the key."""
LOCAL_REST = Principal(name="local:rest", scopes=frozenset(SCOPES))
LOCAL_MCP = Principal(name="local:mcp", scopes=FOR_AGENTS)

_IN_URL = re.compile(
    rb"(?:^|[&;])(?:(?:access|auth|id)?[-_]?token|(?:x[-_])?api[-_]?(?:key|secret)|authorization"
    rb"|jwt|password)=",
    re.IGNORECASE,
)


class Stranger(msgspec.Struct, frozen=True):
    """Nobody that is known, and why. *is_silent*: no credential was shown at all."""

    objection: Unauthorized
    is_silent: bool


Visitor = Principal | Stranger


class Entrance:
    """Finds out who asks. Without *required*, whoever shows nothing is the machine's own user."""

    def __init__(self, access: Access | None, *, required: bool):
        if required and access is None:
            raise ValueError("a login is required, and nothing is there to check it")
        self._access, self._required = access, required

    def visitor(self, scope: Scope, *, for_agents: bool) -> Visitor:
        """Return who asks. A credential is checked wherever it is shown."""
        try:
            credential = _credential(scope)
            if credential is None:
                return self._silent(for_agents)
            known = self.recognise(credential)
        except Unauthorized as error:
            return Stranger(error, is_silent=False)
        scopes = known.scopes & FOR_AGENTS if for_agents else known.scopes
        return msgspec.structs.replace(known, scopes=scopes)

    def recognise(self, credential: str) -> Principal:
        """Return whose *credential* is. Raises Unauthorized."""
        if self._access is None:
            raise Unauthorized("This server knows no tokens and no keys")
        return self._access.recognise(credential)

    def objection(self, principal: Principal) -> Unauthorized | None:
        """Return why *principal*, who has come in, may not stay."""
        return self._access.objection(principal) if self._access else None

    def _silent(self, for_agents: bool) -> Visitor:
        if not self._required:
            return LOCAL_MCP if for_agents else LOCAL_REST
        error = Unauthorized(
            "A token or an API key is required",
            hint="Send `Authorization: Bearer ...` or `X-API-Key: ...`.",
        )
        return Stranger(error, is_silent=True)


def principal_of(scope: Any) -> Principal:
    """Return the principal whose request *scope* is. Raises Unauthorized."""
    match scope.get(VISITOR):
        case Principal() as principal:
            return principal
        case Stranger(objection=objection):
            raise objection
        case _:
            raise Unauthorized("Nobody has looked who asks")


def may_enter(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse who may not call a route: Litestar asks this before every one of them."""
    needed = scope_of(handler, connection.app.state.operations)
    if needed == PUBLIC:
        return
    principal = principal_of(connection.scope)
    if connection.scope.get("method") != "OPTIONS":  # which only tells the path's methods
        must_have(needed, principal.scopes, connection.scope["path"])


def scope_of(handler: BaseRouteHandler, operations: Mapping[str, Operation]) -> Any:
    """Return the scope that a route needs, or "public": its operation's, or what it declares.

    One that declares none is for admins.
    """
    if name := handler.opt.get("operation"):
        return operations[name].scope
    return handler.opt.get("scope", "admin")


def open_to(scope: AccessScope | str) -> dict[str, Any]:
    """Return the `opt` of a route that runs no operation and needs *scope*, or is "public"."""
    return {"scope": scope}


def refuse_credentials_in_url(scope: Scope) -> None:
    """Refuse a request whose URL has what looks like a credential: URLs end up in logs."""
    if _IN_URL.search(scope["query_string"]):
        raise InvalidRequest(
            "A credential does not belong in a URL, which proxies and browsers write down",
            hint="Send it as `Authorization: Bearer ...` or `X-API-Key: ...`, over a WebSocket "
            'also as {"action": "auth", "token": ...}. Take this one for known, and end it.',
        )


def _credential(scope: Scope) -> str | None:
    """Return the one credential that is shown. Raises Unauthorized."""
    shown = {
        _bearer(value) if name == b"authorization" else value.decode("latin-1").strip()
        for name, value in scope["headers"]
        if name in (b"authorization", b"x-api-key")
    }
    if len(shown) > 1:
        raise Unauthorized("Different credentials were sent; one is expected")
    return shown.pop() if shown else None


def _bearer(value: bytes) -> str:
    scheme, _, credential = value.decode("latin-1").strip().partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise Unauthorized("Authorization: `Bearer` and a token or key are expected")
    return credential.strip()
