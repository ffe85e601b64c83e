"""Logging in and out."""

from typing import Annotated, Any, cast

from litestar import post
from litestar.datastructures import CacheControlHeader
from litestar.params import Body

from trading_mcp.api.access import PUBLIC, open_to
from trading_mcp.api.addresses import household
from trading_mcp.api.context import ApiContext
from trading_mcp.api.gateway import VISIT, Visit
from trading_mcp.api.rest.answers import Data, Said
from trading_mcp.api.rest.routing import REFUSALS, Call
from trading_mcp.domain.errors import InvalidRequest
from trading_mcp.services.access import Access
from trading_mcp.services.shapes.access import Login, LoginRequest

SECTION = "Authentication"
SHARED: dict[str, Any] = {
    "status_code": 200,
    "tags": [SECTION],
    "responses": REFUSALS,
    "cache_control": CacheControlHeader(no_store=True),
}


@post("/api/v1/auth/login", operation_id="login", opt=open_to(PUBLIC), **SHARED)
async def login(request: Call, data: Annotated[LoginRequest, Body()]) -> Data[Login]:
    """Get a token for a user name and password."""
    visit = cast(Visit, request.scope.get(VISIT))
    return Data(data=await _access(request).login(data, address=household(visit.client)))


@post("/api/v1/auth/logout", operation_id="logout", opt=open_to("read"), **SHARED)
async def logout(request: Call) -> Said:
    """End the token that the request comes with."""
    if not await _access(request).logout(request.principal):
        raise InvalidRequest(
            "This request came with no token from a login",
            hint="Keys are ended with `trading-mcp keys revoke`.",
        )
    return Said(message="Logged out")


def _access(request: Call) -> Access:
    context: ApiContext = request.app.state.context
    if context.access is None:
        raise InvalidRequest("Nobody can log in to this server")
    return context.access


ROUTES = [login, logout]
