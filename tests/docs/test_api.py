"""docs/api.md has every route, tool, event, model field and error there is, and none beside."""

import importlib
import json
import pkgutil
import re
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import httpx
import msgspec
import pytest

from trading_mcp import services
from trading_mcp.domain.errors import BY_CODE
from trading_mcp.services.operations import Operation, Toolset, table
from trading_mcp.services.shapes.alerts import AlertView
from trading_mcp.services.shapes.orders import OrderView
from trading_mcp.services.shapes.portfolio import TradeView
from trading_mcp.services.shapes.positions import PastPosition, PositionView
from trading_mcp.services.shapes.risk import Parameters, RiskState
from trading_mcp.services.shapes.status import Metrics
from trading_mcp.services.shapes.strategies import StrategyPerformance, StrategyView

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "api.md").read_text()
REFERENCE = ROOT / "tests" / "contract" / "reference"
COMMON = {"success", "data", "message", "idempotency_key"}
"""What the page says once for all."""
MODELS = {
    "Position": PositionView,
    "Closed position": PastPosition,
    "Order": OrderView,
    "Trade": TradeView,
    "Strategy": StrategyView,
    "Strategy performance": StrategyPerformance,
    "Risk parameters": Parameters,
    "Risk state": RiskState,
    "Metrics": Metrics,
    "Alert": AlertView,
}
TYPES = {float: "number", int: "integer", bool: "true or false", type(None): "null", dict: "object"}


def rows(text: str) -> list[list[str]]:
    """Return the cells of all tables in *text* whose rows begin with code."""
    lines = (line for line in text.splitlines() if line.startswith("| `"))
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines]


def section(heading: str) -> str:
    """Return what stands under *heading*, until the next of its rank or above."""
    rank = heading.partition(" ")[0]
    _, found, after = TEXT.partition(f"\n{heading}\n")
    assert found, heading
    return re.split(rf"^#{{1,{len(rank)}}} ", after, flags=re.MULTILINE)[0]


def words(cell: str) -> set[str]:
    return set(re.findall(r"`([\w.]+)`", cell))


def asked(cell: str) -> dict[str, bool]:
    """Return the fields that a request takes, and whether each must be given."""
    return {name: mark != "?" for name, mark in re.findall(r"`(\w+)`(\??)", cell)}


def answered(cell: str) -> set[str]:
    """Return an answer's fields; a link to a model stands for all of the model's."""
    linked = re.findall(r"\[([\w ]+)\]\(#", cell)
    return words(cell) | {name for model in linked for name in fields(MODELS[model])}


def fields(struct: type[msgspec.Struct]) -> dict[str, bool]:
    """Return the fields' names outside, and whether each must be given."""
    found = {f.encode_name: f.required for f in msgspec.structs.fields(struct)}
    return {name: required for name, required in found.items() if name != "idempotency_key"}


def operations() -> dict[str, Operation]:
    modules = (f"{services.__name__}.{m.name}" for m in pkgutil.iter_modules(services.__path__))
    members = (v for name in modules for v in vars(importlib.import_module(name)).values())
    classes = dict.fromkeys(m for m in members if isinstance(m, type) and declares(m))
    return table(*(one.__new__(one) for one in classes))


def declares(kind: type) -> bool:
    return any(hasattr(member, "__operation__") for member in vars(kind).values())


TOOLS = {name: one for name, one in operations().items() if not one.rest_only}


@pytest.mark.parametrize("toolset", get_args(Toolset))
def test_each_toolset_is_documented_tool_by_tool(toolset: str) -> None:
    there = {name: tool for name, tool in TOOLS.items() if tool.toolset == toolset}
    told = rows(section(f"### Toolset {toolset}")) if there else []

    assert {row[0].strip("`"): (row[2], asked(row[3]), words(row[4])) for row in told} == {
        name: (tool.scope, fields(tool.request), {*fields(tool.answer)})
        for name, tool in there.items()
    }


def test_the_number_of_tools_is_right_everywhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    told = [n for p in pages for n in re.findall(r"There are (\d+)(?: MCP)? tools", p.read_text())]

    assert f"There are {len(TOOLS)}, in" in TEXT
    assert set(told) == {str(len(TOOLS))}


@pytest.mark.parametrize("name", MODELS)
def test_each_model_is_documented_field_by_field(name: str) -> None:
    hints = get_type_hints(MODELS[name])
    told = {row[0].strip("`"): row[1] for row in rows(section(f"### {name}"))}

    assert {field: kind.replace("time", "text") for field, kind in told.items()} == {
        field: kind_of(hints[field]) for field in fields(MODELS[name])
    }
    assert all(kind.startswith("time") == is_time(field) for field, kind in told.items())


def test_the_references_models_are_among_them() -> None:
    reference = json.loads((REFERENCE / "models.json").read_text())
    spelled = {name.title().replace(" ", ""): name for name in MODELS}

    for model, documented in reference.items():
        told = {row[0].strip("`") for row in rows(section(f"### {spelled[model]}"))}
        assert {f for f in documented if not f.endswith("?")} <= told


def test_every_event_is_documented_with_its_fields() -> None:
    events = rows(section("## WebSocket").partition("| event |")[2])
    told = {row[0].strip("`"): (row[1].strip("`"), words(row[3])) for row in events}
    reference = json.loads((REFERENCE / "events.json").read_text())

    assert told.keys() == {event["type"] for event in reference} | {"job_progress"}
    for event in reference:
        channel, told_fields = told[event["type"]]
        assert channel == event["channel"]
        assert {name.removesuffix("?") for name in event["data"]} <= told_fields


def test_every_error_is_documented_with_its_status() -> None:
    told = [(row[0].strip("`"), int(row[1])) for row in rows(section("## Errors"))]

    assert told == [(code, kind.status) for code, kind in BY_CODE.items()]


def test_the_shown_error_has_the_documented_form() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", section("## Errors"), re.DOTALL)
    told = json.loads(shown)

    assert told.keys() == {"success", "error", "code", "details"}
    assert told["code"] in BY_CODE


@pytest.mark.slow
def test_every_route_is_documented_with_what_it_takes_and_answers(place: Any) -> None:
    document = httpx.get(place.adapted("http://127.0.0.1:9090/docs/openapi.json")).json()
    told = {row[0].strip("`"): row for row in rows(section("## REST"))}
    there = {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }

    assert told.keys() == there.keys()
    schemas = document["components"]["schemas"]
    for route, operation in there.items():
        assert asked(told[route][2]) == takes(operation, schemas), route
        assert answered(told[route][3]) - COMMON == answers(operation, schemas), route


def takes(operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, bool]:
    parameters = operation.get("parameters", [])
    query = {p["name"]: p.get("required", False) for p in parameters if p["in"] == "query"}
    body = operation.get("requestBody", {"content": {"application/json": {"schema": {}}}})
    shape = resolved(body["content"]["application/json"]["schema"], schemas)
    required = shape.get("required", [])
    in_body = {name: name in required for name in shape.get("properties", {})}
    return query | {name: must for name, must in in_body.items() if name not in COMMON}


def answers(operation: dict[str, Any], schemas: dict[str, Any]) -> set[str]:
    content = operation["responses"]["200"]["content"].get("application/json", {"schema": {}})
    whole = resolved(content["schema"], schemas).get("properties", {})
    data = resolved(whole.get("data", {}), schemas)
    inner = resolved(data.get("items", data), schemas).get("properties", {})
    return {*whole, *inner} - COMMON


def resolved(shape: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Follow references; of a shape or null return the shape."""
    if "anyOf" in shape:
        shape = next(one for one in shape["anyOf"] if one != {"type": "null"})
    name = shape.get("$ref", "").rpartition("/")[2]
    return resolved(schemas[name], schemas) if name else shape


def kind_of(hint: Any) -> str:
    """Return how a reader is told what a field holds."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return "one of " + ", ".join(f"`{word}`" for word in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(map(kind_of, arguments))
    if hint is str:
        return "text"
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return "object"
    return "list" if origin in (list, tuple) else TYPES[origin or hint]


def is_time(field: str) -> bool:
    return field.endswith(("_time", "_at")) or field in ("timestamp", "last_update")
