"""Subscribers hear all five documented events, with every documented field."""

import json
from typing import Any

import pytest
from contract_reference import EVENTS, lacks
from contract_server import Stage

KILL_SWITCH = "/api/v1/risk/sentinel/kill-switch"
WAIT_S = 20


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["type"])
def test_a_subscriber_hears_the_event(stage: Stage, event: dict[str, Any]) -> None:
    documented = {name: shape for name, shape in event.items() if name not in ("type", "channel")}
    with stage.server.listening(event["channel"]) as socket:
        MADE_BY.get(event["type"], patience)(stage)
        while (heard := json.loads(socket.recv(WAIT_S)))["type"] != event["type"]:
            pass

    assert list(lacks(documented, heard)) == []


def patience(stage: Stage) -> None:
    """It comes by itself: positions are marked with each price, metrics are measured."""
    stage.position()


def a_trade(stage: Stage) -> None:
    stage.server.call("submit_market_order", pair="ETH-USDT", side="buy", amount=0.01)


def the_kill_switch(stage: Stage) -> None:
    stage.server.data("POST", KILL_SWITCH, {"reason": "a drill"})


MADE_BY = {"trade_executed": a_trade, "alert": the_kill_switch, "kill_switch": the_kill_switch}
