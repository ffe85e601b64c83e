"""What every tool really answers: as its schema says, and short enough to be read."""

from collections.abc import Callable
from typing import Any

import pytest
from fastmcp import Client
from jsonschema import validate

LONGEST_ANSWER = 25_000
LONGEST_TEXT = 700
DAY = 60
"""Trades there and back before the tools are asked, so that lists are as long as they get."""


@pytest.mark.slow
async def test_every_answer_is_as_promised_and_short_enough(
    agent: Client[Any], tokens: Callable[[Any], int]
) -> None:
    given = await a_busy_day(agent)
    costs, wrong = {}, {}
    for tool in await agent.list_tools():
        needed = {name: given[name] for name in tool.input_schema.get("required", ())}
        asked = {**needed, **BESIDE.get(tool.name, {})}
        answer = await agent.call_tool(tool.name, asked, raise_on_error=False)
        text = answer.content[0].text
        if answer.is_error:
            wrong[tool.name] = text
            continue
        validate(answer.structured_content, tool.output_schema)
        costs[tool.name] = tokens(answer.structured_content)
        assert 0 < len(text) <= LONGEST_TEXT
        if tool.name in REPEATED:  # they end what others need
            given |= await REPEATED[tool.name](agent)

    print(sorted(costs.items(), key=lambda x: -x[1]))
    assert wrong == {}
    assert {name: cost for name, cost in costs.items() if cost > LONGEST_ANSWER} == {}
    assert max(costs.values()) > 3000, "lists were short: it has not been a busy day"


BESIDE: dict[str, dict[str, Any]] = {
    "submit_order": {"type": "market"},
    "update_sltp": {"stop_loss": 1.0},
    "submit_limit_order": {"price": 10_000},
    "submit_stop_order": {"side": "sell", "stop_price": 1.0},
}


async def a_busy_day(agent: Client[Any]) -> dict[str, Any]:
    """Trade a lot; return something for each parameter that a tool cannot do without."""
    there = {"pair": "BTC-USDT", "side": "buy", "amount": 0.001}
    for _ in range(DAY):
        await agent.call_tool("submit_market_order", there)
        await agent.call_tool("submit_market_order", there | {"side": "sell"})
    return {
        **there,
        "symbol": "BTC-USDT",
        "type": "market",
        "price": 1.0,
        "stop_price": 1.0,
        "strategy": "rsi_scalping",
        "start_date": "2025-08-01",
        "end_date": "2025-08-02",
        "parameters": {"rsi_period": [7, 14]},
        **await an_order(agent),
        **await a_position(agent),
    }


async def an_order(agent: Client[Any]) -> dict[str, Any]:
    """Leave an order to rest."""
    order = {"pair": "ETH-USDT", "side": "buy", "amount": 0.1, "price": 1000}
    sent = await agent.call_tool("submit_limit_order", order)
    return {"order_id": sent.structured_content["order"]["order_id"]}


async def a_position(agent: Client[Any]) -> dict[str, Any]:
    """Open a perpetual position."""
    order = {"pair": "BTC-USDT-PERP", "side": "buy", "amount": 0.01}
    sent = await agent.call_tool("submit_market_order", order)
    return {"position_id": sent.structured_content["order"]["position_id"]}


async def a_running_engine(agent: Client[Any]) -> dict[str, Any]:
    """Start it again."""
    await agent.call_tool("start_bot", {})
    return {}


REPEATED = {
    "stop_bot": a_running_engine,
    "cancel_order": an_order,
    "close_futures_position": a_position,
}
