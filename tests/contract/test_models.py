"""Each documented model is found whole where it appears, its words among the documented ones."""

from collections.abc import Callable
from typing import Any

import pytest
from contract_reference import MODELS, lacks
from contract_server import Serving


def positions(server: Serving) -> Any:
    return server.data("GET", "/api/v1/scalping/positions")


def trades(server: Serving) -> Any:
    return server.call("get_trade_history")["trades"]


def strategies(server: Serving) -> Any:
    return server.data("GET", "/api/v1/scalping/strategies")


def performances(server: Serving) -> Any:
    return [server.data("GET", "/api/v1/scalping/strategies/rsi_scalping/performance")]


def parameters(server: Serving) -> Any:
    return [server.data("GET", "/api/v1/scalping/risk/limits")["parameters"]]


def risk_states(server: Serving) -> Any:
    over_rest = server.data("POST", "/api/v1/risk/sentinel/state")
    return [over_rest, server.call("get_risk_state")]


def metrics(server: Serving) -> Any:
    return [server.data("GET", "/api/v1/scalping/metrics")]


def alerts(server: Serving) -> Any:
    return server.data("GET", "/api/v1/alerts/history")


FOUND: dict[str, Callable[[Serving], Any]] = {
    "Position": positions,
    "Trade": trades,
    "Strategy": strategies,
    "StrategyPerformance": performances,
    "RiskParameters": parameters,
    "RiskState": risk_states,
    "Metrics": metrics,
    "Alert": alerts,
}


@pytest.mark.parametrize("model", MODELS)
def test_the_model_has_every_documented_field(server: Serving, model: str) -> None:
    assert list(lacks([MODELS[model]], FOUND[model](server))) == []
