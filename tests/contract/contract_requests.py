"""What has to be there before a documented tool call makes sense, and what it then says."""

from collections.abc import Callable
from typing import Any

from contract_server import Stage


def prepared(stage: Stage, tool: str, documented: dict[str, Any]) -> dict[str, Any]:
    """Return the documented arguments with what is there for what they name."""
    arguments = dict(documented)
    if tool in _BEFORE:
        _BEFORE[tool](stage, arguments)
    return arguments


def _a_price(stage: Stage, arguments: dict[str, Any]) -> None:
    """The documented price is of another market: this one's is what it might be today."""
    last = stage.last(arguments["pair"])
    arguments["entry_price" if "entry_price" in arguments else "price"] = round(last * 0.7)


def _something_to_sell(stage: Stage, arguments: dict[str, Any]) -> None:
    """A stop to sell on spot sells what is held."""
    stage.position(arguments["pair"], amount=arguments["amount"])
    arguments["stop_price"] = round(stage.last(arguments["pair"]) * 0.7)


def _a_working_order(stage: Stage, arguments: dict[str, Any]) -> None:
    arguments["order_id"] = stage.order()


def _no_position(stage: Stage, arguments: dict[str, Any]) -> None:
    """A trade with exits of its own opens a position, it does not enlarge one."""
    stage.no_position(arguments["pair"])
    stage.server.call("start_bot")


def _a_perpetual_position(stage: Stage, arguments: dict[str, Any]) -> None:
    arguments["position_id"] = stage.position("DOGE-USDT-PERP")


def _levels(stage: Stage, arguments: dict[str, Any]) -> None:
    """The documented levels are of another market: what counts is the side they lie on."""
    last = stage.last()
    arguments.update(position_id=stage.position(), stop_loss=last * 0.7, take_profit=last * 1.4)


_BEFORE: dict[str, Callable[[Stage, dict[str, Any]], None]] = {
    "submit_order": _a_price,
    "submit_limit_order": _a_price,
    "submit_stop_order": _something_to_sell,
    "check_risk_limits": _a_price,
    "calculate_stop_loss": _a_price,
    "calculate_take_profit": _a_price,
    "cancel_order": _a_working_order,
    "get_order_status": _a_working_order,
    "execute_trade": _no_position,
    "close_futures_position": _a_perpetual_position,
    "update_sltp": _levels,
}
