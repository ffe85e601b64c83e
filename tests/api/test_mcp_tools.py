"""The tools as agents see them: what they cost to read, what they promise, which are offered."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from api_fakes import Fakes
from api_running import Running, Serve, in_process
from fastmcp import Client
from jsonschema import Draft202012Validator
from mcp_costs import listed, tokens

from trading_mcp.api.mcp.catalogue import catalogue
from trading_mcp.api.mcp.schemas import asked_of
from trading_mcp.api.mcp.toolsets import TOOLSETS
from trading_mcp.api.settings import McpSettings
from trading_mcp.services.operations import Toolset

MANUAL = (Path(__file__).parents[2] / "docs" / "mcp.md").read_text()
BUDGET = 13_000
TOOLS = 52
RESERVED = 240
"""For each tool of the reference that is not there yet."""


@pytest.fixture
async def tools(fakes: Fakes) -> list[dict[str, Any]]:
    return await listed(fakes.context())


async def test_all_tools_together_fit_the_budget(tools: list[dict[str, Any]]) -> None:
    cost = tokens({"tools": tools})

    costly = sorted(((tokens(tool), tool["name"]) for tool in tools), reverse=True)[:8]
    assert cost <= BUDGET - RESERVED * max(0, TOOLS - len(tools)), costly


async def test_every_tool_says_when_to_use_it_in_few_words(tools: list[dict[str, Any]]) -> None:
    lengths = {tool["name"]: len(tool["description"]) for tool in tools}

    assert {name: n for name, n in lengths.items() if not 60 <= n <= 320} == {}


async def test_every_tool_gives_all_four_hints(tools: list[dict[str, Any]], fakes: Fakes) -> None:
    for tool in tools:
        operation = fakes.operations[tool["name"]]
        assert tool["annotations"] == {
            "readOnlyHint": operation.read_only,
            "destructiveHint": operation.destructive,
            "idempotentHint": operation.idempotent,
            "openWorldHint": True,
        }


def test_what_only_reads_neither_destroys_nor_minds_being_repeated(fakes: Fakes) -> None:
    for operation in fakes.operations.values():
        if operation.read_only:
            assert not operation.destructive, operation.name
            assert operation.idempotent, operation.name


async def test_every_tool_has_schemas_of_its_own(tools: list[dict[str, Any]]) -> None:
    for tool in tools:
        for schema in (tool["inputSchema"], tool["outputSchema"]):
            Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object", tool["name"]
            assert "$ref" not in str(schema), tool["name"]
        assert tool["inputSchema"]["additionalProperties"] is False
        assert tool["outputSchema"]["properties"], tool["name"]
        assert tool["title"], tool["name"]


async def test_every_tool_that_changes_something_takes_an_idempotency_key(
    tools: list[dict[str, Any]],
) -> None:
    with_key = {t["name"] for t in tools if "idempotency_key" in t["inputSchema"]["properties"]}

    assert with_key == {t["name"] for t in tools if not t["annotations"]["readOnlyHint"]}


async def test_every_choice_is_typed(tools: list[dict[str, Any]]) -> None:
    for tool in tools:
        for name, field in tool["inputSchema"]["properties"].items():
            assert "type" in field or "anyOf" in field, f"{tool['name']}.{name}"


def test_a_parameter_keeps_its_bounds_and_loses_what_says_nothing(fakes: Fakes) -> None:
    asked = asked_of(fakes.operations["submit_limit_order"].request)

    assert asked["required"] == ["pair", "side", "amount", "price"]
    assert asked["properties"]["leverage"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 100,
        "default": 1,
    }
    assert asked["properties"]["price"] == {"type": "number", "exclusiveMinimum": 0}
    assert asked["properties"]["side"] == {"type": "string", "enum": ["buy", "sell"]}
    assert "market_type" not in asked["properties"]
    assert list(asked["properties"])[-1] == "idempotency_key"


async def test_the_list_is_the_same_each_time(fakes: Fakes) -> None:
    assert await listed(fakes.context()) == await listed(Fakes().context())


def test_tools_of_a_toolset_stand_together(fakes: Fakes) -> None:
    listing = [entry.toolset for entry in catalogue(fakes.operations.values())]

    assert list(dict.fromkeys(listing)) == list(TOOLSETS)
    assert listing == sorted(listing, key=list(TOOLSETS).index)
    assert set(TOOLSETS) <= set(get_args(Toolset))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_only_the_chosen_toolsets_are_offered(
    running: Serve, fakes: Fakes, mode: str
) -> None:
    chosen = McpSettings(toolsets=("risk", "market"))
    async with running(mcp=chosen) as server, Client(f"{server.mcp}/mcp", mode=mode) as agent:
        names = {tool.name for tool in await agent.list_tools()}
        hidden = await agent.call_tool("get_positions", {}, raise_on_error=False)
        read = await agent.call_tool("get_risk_state", {})

    assert {fakes.operations[name].toolset for name in names} == {"risk", "market"}
    assert hidden.is_error
    assert hidden.structured_content["error"] == "Unknown tool: get_positions"
    assert "toolset portfolio" in hidden.structured_content["hint"]
    assert "--toolsets" in hidden.content[0].text
    assert "get_positions" not in [name for name, _, _ in fakes.calls]
    assert not read.is_error


async def test_read_only_wins_over_the_toolsets(running: Serve, fakes: Fakes) -> None:
    chosen = McpSettings(toolsets=("orders", "risk"), read_only=True)
    async with running(mcp=chosen) as server, Client(f"{server.mcp}/mcp") as agent:
        tools = await agent.list_tools()
        order = {"pair": "BTC-USDT", "side": "buy", "amount": 1}
        sent = await agent.call_tool("submit_market_order", order, raise_on_error=False)

    assert {tool.annotations.read_only_hint for tool in tools} == {True}
    assert "get_open_orders" in {tool.name for tool in tools}
    assert sent.is_error
    assert "read_only" in sent.structured_content["hint"]
    assert "submit_market_order" not in [name for name, _, _ in fakes.calls]


async def test_the_plain_list_agrees(fakes: Fakes) -> None:
    async with in_process(fakes, mcp=McpSettings(toolsets=("analysis",))) as client:
        plain = (await client.get("/api/mcp/tools")).json()["data"]

    tools = await listed(fakes.context(mcp=McpSettings(toolsets=("analysis",))))
    assert [tool["name"] for tool in plain] == [tool["name"] for tool in tools]
    assert [tool["inputSchema"] for tool in plain] == [tool["inputSchema"] for tool in tools]
    assert {tool["toolset"] for tool in plain} == {"analysis"}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("update_risk_limits", "an agent must not be able to raise its own limits"),
        ("get_tickr", "Did you mean get_ticker?"),
        ("🙈" * 500, "tools/list has those there are"),
    ],
)
async def test_a_tool_that_is_not_there_is_refused_with_advice(
    server: Running, name: str, hint: str
) -> None:
    async with Client(f"{server.mcp}/mcp") as agent:
        answer = await agent.call_tool(name, {}, raise_on_error=False)

    assert answer.is_error
    assert answer.structured_content["code"] == "INVALID_REQUEST"
    assert hint in answer.structured_content["hint"]
    told = answer.structured_content
    assert answer.content[0].text == f"{told['code']}: {told['error']}. {told['hint']}"
    assert len(answer.content[0].text) < 700


async def test_the_manual_lists_the_toolsets_with_their_tools_and_costs(
    tools: list[dict[str, Any]], fakes: Fakes
) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| ([\d,]+) \| ([\d,]+) \|$", MANUAL, re.MULTILINE)
    told = {
        name: (
            re.findall(r"`(\w+)`", named),
            int(cost.replace(",", "")),
            int(reading.replace(",", "")),
        )
        for name, named, cost, reading in rows
    }

    actual = {}
    for name in TOOLSETS:
        of_it = [tool for tool in tools if fakes.operations[tool["name"]].toolset == name]
        reading = [tool for tool in of_it if tool["annotations"]["readOnlyHint"]]
        actual[name] = (
            [tool["name"] for tool in of_it],
            _rounded(tokens(of_it)),
            _rounded(tokens(reading)),
        )
    assert told == actual


def _rounded(cost: int) -> int:
    """Return *cost* to the next hundred: the manual need not follow every word."""
    return -(-cost // 100) * 100
