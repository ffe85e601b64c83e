"""Whatever is sent to a documented route, the answer is a documented one and never our fault."""

import importlib
import pkgutil
from typing import Any

import hypothesis
import pytest
import schemathesis
from contract_reference import AUTH
from contract_server import Stage
from hypothesis import strategies
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from trading_mcp.api import rest

pytestmark = pytest.mark.slow

ROUTES = {
    route.operation_id
    for module in pkgutil.iter_modules(rest.__path__)
    for route in getattr(importlib.import_module(f"{rest.__name__}.{module.name}"), "ROUTES", ())
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def document(battered: Stage) -> Any:
    return schemathesis.openapi.from_url(f"{battered.server.urls['rest']}/docs/openapi.json")


def test_the_document_is_valid_and_has_every_route(document: Any) -> None:
    document.validate()

    operations = [found.ok() for found in document.get_all_operations()]
    assert {o.definition.raw["operationId"] for o in operations} == ROUTES


def test_every_route_says_how_it_refuses(document: Any) -> None:
    for found in document.get_all_operations():
        responses = found.ok().definition.raw["responses"]
        assert {*map(str, AUTH["statuses"])} <= responses.keys(), found.ok().label


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_any_request_is_answered_as_the_document_says(
    battered: Stage, document: Any, name: str
) -> None:
    operation = document.find_operation_by_id(name)
    battered.calm()
    there = {
        "name": "rsi_scalping",
        "position_id": battered.position(),
        "alert_id": battered.alert(),
    }

    @hypothesis.settings(
        max_examples=8,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=requests(operation), is_there=strategies.booleans())
    def ask(case: Any, is_there: bool) -> None:
        if is_there:  # no chance would find it
            named = case.path_parameters or {}
            named |= {part: value for part, value in there.items() if part in named}
        case.call_and_validate(checks=CHECKS)

    ask()


def requests(operation: Any) -> strategies.SearchStrategy[Any]:
    """Requests that the document allows, and, where it takes anything, those that it does not."""
    good = operation.as_strategy()
    parts = (operation.path_parameters, operation.query, operation.headers, operation.body)
    if not any(map(list, parts)):
        return good
    return good | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
