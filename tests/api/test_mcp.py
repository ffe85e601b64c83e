"""MCP over HTTP, in both eras of the protocol: tools, answers, errors."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from api_fakes import Fakes
from api_running import Running, Serve
from fastmcp import Client
from jsonschema import validate

from trading_mcp.api.access import LOCAL_MCP
from trading_mcp.api.mcp.summary import LONGEST
from trading_mcp.api.settings import McpSettings
from trading_mcp.domain.errors import ExchangeError
from trading_mcp.services.shapes.market import MarketRequest
from trading_mcp.services.shapes.orders import LimitOrderRequest

ORDER = {"pair": "BTC-USDT", "side": "buy", "amount": 0.5, "price": 100}


@pytest.fixture(params=["auto", "legacy"])
async def agent(request: pytest.FixtureRequest, server: Running) -> AsyncIterator[Client[Any]]:
    async with Client(f"{server.gateway}/mcp", mode=request.param) as connected:
        yield connected


async def test_the_tools_are_the_operations(agent: Client[Any], fakes: Fakes) -> None:
    tools = {tool.name: tool for tool in await agent.list_tools()}

    assert tools.keys() == {n for n, o in fakes.operations.items() if not o.rest_only}
    for name, tool in tools.items():
        assert tool.description == fakes.operations[name].description


async def test_every_tool_answers_as_its_schema_says(agent: Client[Any], fakes: Fakes) -> None:
    for tool in await agent.list_tools():
        answer = await agent.call_tool(tool.name, arguments(tool.input_schema))

        assert not answer.is_error
        assert answer.structured_content
        validate(answer.structured_content, tool.output_schema)
        assert 0 < len(answer.content[0].text) <= LONGEST


def arguments(schema: dict[str, Any]) -> dict[str, Any]:
    """Return some value for each parameter that must be given."""
    required = {name: schema["properties"][name] for name in schema.get("required", [])}
    return {name: some(field) for name, field in required.items()}


def some(field: dict[str, Any]) -> Any:
    match field:
        case {"enum": [first, *_]}:
            return first
        case {"type": "number" | "integer"}:
            return 1
        case {"type": "array", "items": items}:
            return [some(items)]
        case {"type": "object"}:
            return {}
        case _:
            return "BTC-USDT"


async def test_a_result_has_the_whole_content_and_a_few_words(agent: Client[Any]) -> None:
    answer = await agent.call_tool("get_positions", {})

    assert answer.structured_content["positions"][0]["symbol"] == "some text"
    assert answer.content[0].text.startswith("count 3; 1 positions; (id some text, ")


async def test_arguments_reach_the_operation(agent: Client[Any], fakes: Fakes) -> None:
    await agent.call_tool("submit_limit_order", ORDER | {"idempotency_key": "once"})

    request, caller = fakes.called("submit_limit_order")
    assert request == LimitOrderRequest(
        pair="BTC-USDT", side="buy", amount=0.5, price=100.0, idempotency_key="once"
    )
    assert (caller.principal, caller.idempotency_key) == (LOCAL_MCP.name, "once")


async def test_numbers_may_come_as_text(agent: Client[Any], fakes: Fakes) -> None:
    await agent.call_tool("submit_limit_order", ORDER | {"amount": "0.5", "price": "1e2"})

    request, _ = fakes.called("submit_limit_order")
    assert (request.amount, request.price) == (0.5, 100.0)


async def test_true_and_false_may_come_as_text(agent: Client[Any], fakes: Fakes) -> None:
    await agent.call_tool("cancel_all_orders", {"exits": "true"})

    request, _ = fakes.called("cancel_all_orders")
    assert request.exits is True


@pytest.mark.parametrize(
    "amount", ["true", True, "inf", "Infinity", "nan", "1_000", "\u0661", "", []]
)
async def test_what_is_no_number_is_refused(
    agent: Client[Any], fakes: Fakes, amount: object
) -> None:
    answer = await agent.call_tool(
        "submit_limit_order", ORDER | {"amount": amount}, raise_on_error=False
    )

    assert answer.is_error
    assert answer.structured_content["code"] == "INVALID_PARAMETER"
    assert answer.structured_content["details"]["field"] == "$.amount"
    assert "submit_limit_order" not in [name for name, _, _ in fakes.calls]


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({}, "MISSING_PARAMETER", "$.pair"),
        ({"pair": "BTC-USDT", "depth": 5}, "INVALID_REQUEST", "$.depth"),
    ],
)
async def test_wrong_arguments_are_refused_with_their_place(
    agent: Client[Any], given: dict[str, Any], code: str, field: str
) -> None:
    answer = await agent.call_tool("get_ticker", given, raise_on_error=False)

    assert answer.is_error
    assert answer.structured_content["code"] == code
    assert answer.structured_content["details"]["field"] == field


async def test_an_error_says_what_the_agent_can_do(agent: Client[Any], fakes: Fakes) -> None:
    fakes.answers["submit_limit_order"] = ExchangeError(
        "No answer", outcome="unknown", hint="Look with get_open_orders.", order_id="ord_1"
    )

    answer = await agent.call_tool("submit_limit_order", ORDER, raise_on_error=False)

    assert answer.is_error
    assert answer.structured_content == {
        "success": False,
        "error": "No answer",
        "code": "EXCHANGE_ERROR",
        "details": {"order_id": "ord_1"},
        "retriable": True,
        "requires_human": False,
        "outcome": "unknown",
        "hint": "Look with get_open_orders.",
    }
    assert answer.content[0].text.startswith("EXCHANGE_ERROR: No answer")


async def test_a_fault_of_ours_tells_nothing_of_itself(agent: Client[Any], fakes: Fakes) -> None:
    fakes.answers["bot_status"] = ZeroDivisionError("a secret")

    answer = await agent.call_tool("bot_status", {}, raise_on_error=False)

    assert answer.structured_content["code"] == "INTERNAL_ERROR"
    assert "secret" not in str(answer)


async def test_what_is_not_a_number_comes_as_null(agent: Client[Any], fakes: Fakes) -> None:
    snapshot = {
        "rsi_7": float("nan"),
        "rsi_14": 1.5,
        "macd_histogram": None,
        "bollinger_position": None,
    }
    fakes.answers["analyze_opportunity"] = fakes.sample("analyze_opportunity", indicators=snapshot)

    answer = await agent.call_tool("analyze_opportunity", {"pair": "BTC-USDT"})

    assert answer.structured_content["indicators"]["rsi_7"] is None


async def test_a_tool_of_rest_only_is_not_there(agent: Client[Any]) -> None:
    answer = await agent.call_tool("update_risk_limits", {}, raise_on_error=False)

    assert answer.is_error


async def test_the_text_may_be_the_whole_content(running: Serve, fakes: Fakes) -> None:
    async with (
        running(mcp=McpSettings(text="json")) as server,
        Client(f"{server.mcp}/mcp") as agent,
    ):
        answer = await agent.call_tool("get_ticker", {"pair": "BTC-USDT"})

    assert answer.content[0].text.startswith('{"exchange":"some text","pair"')
    assert fakes.called("get_ticker")[0] == MarketRequest(pair="BTC-USDT")


async def test_the_first_call_has_been_made_before_anyone_comes(
    server: Running, fakes: Fakes
) -> None:
    assert [name for name, _, _ in fakes.calls] == ["bot_status"]
