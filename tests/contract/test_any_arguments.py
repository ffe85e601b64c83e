"""Whatever an agent sends, it gets an answer or a documented refusal, and the books hold."""

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest
from contract_reference import ERRORS, TOOLS
from contract_requests import prepared
from contract_server import PATIENCE_S, Serving, Stage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trading_mcp.engine.reconcile import Reconciler

pytestmark = pytest.mark.slow

THERE = {tool["name"]: tool["parameters"] for tool in TOOLS if "from" not in tool}
EXCHANGE = "sim"
EXAMPLES = {"run_backtest": 6, "optimize_parameters": 6}
"""Of tools that may work for many seconds: fewer than of others."""

TEXTS = st.sampled_from(["", " ", "\x00", "BTC-USDT\x00", "🚀" * 50, "x" * 10_000, "1e999", "null"])
NUMBERS = st.sampled_from([0, -1, 1e-300, 1e300, 2**63, 10**400, math.nan, math.inf, -math.inf])
LETTERS = st.characters(exclude_categories=["Cs"])
ODDITIES = st.one_of(
    st.none(),
    st.booleans(),
    TEXTS,
    NUMBERS,
    st.text(LETTERS, max_size=20),
    st.integers(),
    st.floats(),
    st.recursive(st.none(), lambda deeper: st.lists(deeper) | st.dictionaries(TEXTS, deeper)),
)
SENSIBLE = {
    "pair": st.sampled_from(["DOGE-USDT", "XRP-USDT", "XRP-USDT-PERP", "SOL-USDT"]),
    "market_type": st.none(),
    "leverage": st.just("1"),
    "side": st.sampled_from(["buy", "sell"]),
    "type": st.sampled_from(["market", "limit", "stop"]),
    "amount": st.sampled_from([100, "125", 133.333333333]),
    "price": st.sampled_from([0.02, "0.05", 43_000]),
    "stop_price": st.sampled_from([0.02, "0.03", 43_000]),
    "interval": st.sampled_from(["1m", "1h", "1d"]),
    "limit": st.sampled_from([1, "5", 1000]),
}


@pytest.mark.parametrize("tool", THERE)
def test_no_arguments_break_a_tool_or_the_books(battered: Stage, tool: str) -> None:
    server, listed = battered.server, battered.server.tools[tool]
    answers = jsonschema.Draft202012Validator(listed.output_schema)
    battered.calm()
    sense = prepared(battered, tool, THERE[tool])

    def call(sent: dict[str, Any]) -> bool:
        result = server.inside(tool, sent)
        told = result.structured_content or {}
        if result.is_error:
            assert told["code"] in ERRORS.keys() - {"INTERNAL_ERROR"}, told
        else:
            answers.validate(told)
        return not result.is_error

    @settings(
        max_examples=EXAMPLES.get(listed.name, 8 if listed.annotations.read_only_hint else 16),
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(arguments(listed.input_schema, sense))
    def call_with_any(sent: dict[str, Any]) -> None:
        call(sent)

    assert call(sense), "not even the documented request made sense"
    for extreme in extremes(listed.input_schema, sense):
        call(extreme)
    call_with_any()
    if not listed.annotations.read_only_hint:
        battered.calm()
        battered.leave()
        assert mismatches(server) == []


def extremes(schema: dict[str, Any], sense: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what makes sense with one field at its least or its most, one after the other."""
    for name, shape in schema["properties"].items():
        for bound in ("minimum", "maximum"):
            if bound in shape:
                yield {**sense, name: shape[bound]}


@st.composite
def arguments(draw: st.DrawFn, schema: dict[str, Any], sense: dict[str, Any]) -> dict[str, Any]:
    """Arguments that make sense, then made extreme, odd, incomplete or too many, or left so."""
    fields, required = schema["properties"], schema.get("required", [])
    wanted = draw(st.sets(st.sampled_from(sorted(fields) or [""]))) | {*required}
    sent = {name: draw(usual(name, fields[name], sense)) for name in wanted & fields.keys()}
    some = st.sampled_from(sorted(fields) or ["unknown"])
    match draw(st.sampled_from(["usual", "usual", "extreme", "odd", "missing", "extra"])):
        case "extreme":
            sent |= {name: draw(allowed(fields.get(name, {}))) for name in draw(st.sets(some))}
        case "odd":
            sent |= draw(st.dictionaries(some, ODDITIES, min_size=1, max_size=2))
        case "missing":
            sent.pop(draw(some), None)
        case "extra":
            sent |= draw(st.dictionaries(TEXTS, ODDITIES, min_size=1, max_size=2))
    return sent


def usual(name: str, shape: dict[str, Any], sense: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What the field is given in everyday use."""
    if name not in sense:
        return SENSIBLE[name] if name in SENSIBLE else allowed(shape)
    return st.just(sense[name]) | SENSIBLE.get(name, st.nothing())


def allowed(shape: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Anything that the field's schema lets through."""
    if words := shape.get("enum"):
        return st.sampled_from(words)
    if kinds := shape.get("anyOf"):
        return st.one_of(map(allowed, kinds))
    return OF_TYPE.get(shape.get("type", ""), lambda shape: ODDITIES)(shape)


OF_TYPE: dict[str, Callable[[dict[str, Any]], st.SearchStrategy[Any]]] = {
    "boolean": lambda shape: st.booleans(),
    "integer": lambda shape: st.integers(shape.get("minimum"), shape.get("maximum")),
    "number": lambda shape: st.floats(
        shape.get("exclusiveMinimum", shape.get("minimum")), shape.get("maximum"), allow_nan=False
    ),
    "string": lambda shape: st.text(
        LETTERS, min_size=shape.get("minLength", 0), max_size=min(shape.get("maxLength", 40), 40)
    ),
    "array": lambda shape: st.lists(
        allowed(shape["items"]), min_size=shape.get("minItems", 0), max_size=4
    ),
}


def mismatches(server: Serving) -> list[str]:
    """Return where the exchange's books and ours differed, once nothing is on its way."""
    session = server.engine.session
    exchange = session.exchanges[EXCHANGE]
    reconciler = Reconciler(session.core, session.ledger, session.flight, exchange, session.clock)
    server.wait(reconciler.agree())
    until = time.monotonic() + PATIENCE_S
    while (orders := server.call("get_open_orders"))["count"] and time.monotonic() < until:
        pass  # a strategy's position may be leaving at its stop
    assert orders["count"] == 0, orders
    return [
        alert["message"]
        for alert in server.data("GET", "/api/v1/alerts/history")
        if alert["trigger"] == "balance_mismatch"
    ]
