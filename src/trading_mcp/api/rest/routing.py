"""What all routes share: how they are declared, and how they reach their operation."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_type_hints

import msgspec
from litestar import Request, delete, get, post, put
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIType, Operation
from litestar.openapi.spec import Parameter as OpenApiParameter
from litestar.openapi.spec import Schema as OpenApiSchema
from litestar.params import ParameterKwarg, QueryParameter

from trading_mcp.api.access import principal_of
from trading_mcp.api.reading import read_fields, read_json
from trading_mcp.api.rest.answers import Refusal
from trading_mcp.domain.access import Principal
from trading_mcp.domain.errors import InvalidParameter, InvalidRequest
from trading_mcp.services import operations

LONGEST_KEY = 128
P = TypeVar("P", bound=ParameterKwarg)

REFUSALS = {
    status: ResponseSpec(Refusal, description=description, generate_examples=False)
    for status, description in {
        400: "The request is wrong, or the account or the exchange does not allow it",
        401: "A token or a key is required, or the one that was sent does not hold",
        403: "A risk limit or the kill switch forbids it, the scopes are too few, or the page it "
        "came from may not ask",
        404: "There is no such thing",
        408: "The body did not arrive in time",
        409: "The idempotency key was used for another request",
        413: "The body is too large",
        421: "The Host header names another server",
        429: "Too many requests; Retry-After says when there is room",
        500: "A fault of the server's own",
        503: "The engine is stopped, or the exchange or the storage does not answer",
    }.items()
}
_METHODS: Mapping[str, type[HTTPRouteHandler]] = {"POST": post, "PUT": put, "DELETE": delete}


@dataclass
class RepeatableOperation(Operation):
    """Documents the header that every command takes."""

    def __post_init__(self) -> None:
        """Add it."""
        text = OpenApiSchema(type=OpenAPIType.STRING, min_length=1, max_length=LONGEST_KEY)
        key = OpenApiParameter(
            name="Idempotency-Key",
            param_in="header",
            schema=text,
            description="The same key again gives the same answer, with no second effect",
        )
        self.parameters = [*(self.parameters or ()), key]


class Call(Request[Any, Any, State]):
    """A request on its way to an operation. Its JSON body is read strictly, as its route's type."""

    async def json(self) -> Any:
        """Return the body. Raises TradingError."""
        body = self.route_handler.parsed_data_field
        return read_json(await self.body(), body.annotation if body else Any)

    async def ask(self, **fields: Any) -> Any:
        """Run the route's operation on a request made of *fields*. Raises TradingError."""
        operation = self._operation
        return await operation.run(read_fields(fields, operation.request), self._caller)

    async def pass_on(self, request: operations.Request) -> Any:
        """Run the route's operation on *request*. Raises TradingError."""
        return await self._operation.run(request, self._caller)

    @property
    def principal(self) -> Principal:
        """Who asks. Raises Unauthorized."""
        return principal_of(self.scope)

    @property
    def _operation(self) -> operations.Operation:
        table: Mapping[str, operations.Operation] = self.app.state.operations
        return table[self.route_handler.opt["operation"]]

    @property
    def _caller(self) -> operations.Caller:
        key = self.headers.get("idempotency-key")
        if key is not None and not 1 <= len(key) <= LONGEST_KEY:
            raise InvalidParameter(
                f"Idempotency-Key: 1 to {LONGEST_KEY} characters are expected",
                field="Idempotency-Key",
                found=len(key),
            )
        principal = self.principal
        return operations.Caller(principal.name, key, scopes=principal.scopes)


def question(path: str, operation: str, section: str) -> HTTPRouteHandler:
    """Declare a GET route that runs *operation*."""
    return get(path, **_declared(operation, section))


def command(
    method: Literal["POST", "PUT", "DELETE"], path: str, operation: str, section: str
) -> HTTPRouteHandler:
    """Declare a route that runs *operation*; it answers with 200 whatever its method."""
    repeatable: dict[str, Any] = {"operation_class": RepeatableOperation, "status_code": 200}
    return _METHODS[method](path, **repeatable, **_declared(operation, section))


def _declared(operation: str, section: str) -> dict[str, Any]:
    return {
        "operation_id": operation,
        "opt": {"operation": operation},
        "tags": [section],
        "responses": REFUSALS,
    }


def parameter(kind: type[P], request: type[operations.Request], field: str) -> P:
    """Return *field* of *request* as a parameter of *kind*: its name, bounds and description."""
    # Litestar does not look at msgspec's Meta on parameters.
    hint = get_type_hints(request, include_extras=True)[field]
    bounds: dict[str, Any] = {}
    for meta in (m for part in (hint, *get_args(hint)) for m in _metas(part)):
        bounds |= {name: getattr(meta, name) for name in _BOUNDS if getattr(meta, name) is not None}
    names = {f.name: f.encode_name for f in msgspec.structs.fields(request)}
    return kind(name=names[field], **bounds)


_BOUNDS = ("gt", "ge", "lt", "le", "pattern", "min_length", "max_length", "description")


def _metas(hint: Any) -> list[msgspec.Meta]:
    return [m for m in getattr(hint, "__metadata__", ()) if isinstance(m, msgspec.Meta)]


async def refuse_unknown_parameters(request: Request[Any, Any, Any]) -> None:
    """Refuse query parameters that the route does not know, and those given twice."""
    if not request.scope["query_string"]:
        return
    known = _query_parameters(request.route_handler)
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            raise InvalidRequest(
                f"{name[:40]}: no such parameter", field=name[:40], expected=sorted(known)
            )
        if given.count(name) > 1:
            raise InvalidParameter(f"{name}: given more than once", field=name)


@cache
def _query_parameters(handler: BaseRouteHandler) -> frozenset[str]:
    declared = handler.parsed_fn_signature.parameters.values()
    return frozenset(
        field.kwarg_definition.name or field.name
        for field in declared
        if isinstance(field.kwarg_definition, QueryParameter)
    )
