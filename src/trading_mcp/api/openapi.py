"""The OpenAPI document, with schemas that say what is really checked.

Litestar makes it, but leaves out some of what bounds a field (above 0, the items of a list) and
calls bodies required that are not. msgspec reads the bodies, so it describes them too.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, get_args, get_origin

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler

from trading_mcp.api.rest.answers import Refusal

_SCHEMAS = "#/components/schemas/{name}"
_JSON = "application/json"


def corrected(made: dict[str, Any], app: Litestar) -> dict[str, Any]:
    """Return the OpenAPI document that Litestar *made* of *app*, corrected."""
    document = deepcopy(made)
    handlers = {handler.operation_id: handler for handler in _handlers(app)}
    kinds = {kind: None for handler in handlers.values() for kind in _kinds(handler)}
    schemas, components = msgspec.json.schema_components([*kinds, Refusal], ref_template=_SCHEMAS)
    document["components"]["schemas"] = components
    described = dict(zip(kinds, schemas, strict=False))
    for path in document["paths"].values():
        for operation in path.values():
            _correct(operation, handlers[operation["operationId"]], described)
    return document


def _correct(
    operation: dict[str, Any], handler: HTTPRouteHandler, described: dict[Any, dict[str, Any]]
) -> None:
    # One answers with text: for it alone the document has another kind of content.
    for content in operation["responses"]["200"]["content"].values():
        content["schema"] = described[_answer(handler)]
    if body := handler.parsed_data_field:
        operation["requestBody"] = {
            "required": not body.is_optional,
            "content": {_JSON: {"schema": described[body.annotation]}},
        }


def _handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.operation_id:
                yield handler


def _kinds(handler: HTTPRouteHandler) -> Iterator[Any]:
    yield _answer(handler)
    if body := handler.parsed_data_field:
        yield body.annotation


def _answer(handler: HTTPRouteHandler) -> Any:
    kind = handler.parsed_return_field.annotation
    return get_args(kind)[0] if get_origin(kind) is Response else kind
