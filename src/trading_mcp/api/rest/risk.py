"""4. Risk: limits, exposure, the sentinel and its kill switch."""

from typing import Annotated

import msgspec
from litestar.params import Body, QueryParameter

from trading_mcp.api.rest.answers import Changed, Data
from trading_mcp.api.rest.routing import Call, command, parameter, question
from trading_mcp.services.shapes.common import Mutation, Nothing, OfExchange
from trading_mcp.services.shapes.risk import (
    Exposure,
    HaltAnswer,
    KillSwitchAnswer,
    KillSwitchRequest,
    ResumeRequest,
    RiskLimits,
    RiskLimitsUpdate,
    RiskState,
)

SECTION = "Risk Management"
KILL_SWITCH = "/api/v1/risk/sentinel/kill-switch"
Exchange = Annotated[str | None, parameter(QueryParameter, OfExchange, "exchange")]


class KillSwitchSaid(msgspec.Struct, frozen=True, kw_only=True):
    """The kill switch now. *cancelled* and *unresolved* are ids of entries that were working."""

    success: bool = True
    message: str
    timestamp: str
    active: bool
    reason: str
    cancelled: list[str]
    unresolved: list[str]


class HaltsSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What is halted still, by asset, and why."""

    success: bool = True
    message: str
    halted: dict[str, str]


@question("/api/v1/scalping/risk/limits", "get_risk_limits", SECTION)
async def limits(request: Call) -> Data[RiskLimits]:
    """Get the risk limits, and how near the account is to them."""
    return Data(data=await request.ask())


@command("PUT", "/api/v1/scalping/risk/limits", "update_risk_limits", SECTION)
async def update_limits(
    request: Call, data: Annotated[RiskLimitsUpdate, Body()]
) -> Changed[RiskLimits]:
    """Change risk limits; those left out stay as they are."""
    changed = await request.pass_on(data)
    return Changed(message="Risk parameters updated successfully", data=changed)


@question("/api/v1/scalping/risk/exposure", "get_exposure", SECTION)
async def exposure(request: Call, exchange: Exchange = None) -> Data[Exposure]:
    """Get the current exposure."""
    return Data(data=await request.ask(exchange=exchange))


@command("POST", "/api/v1/risk/sentinel/state", "get_risk_state", SECTION)
async def sentinel_state(
    request: Call, data: Annotated[Nothing | None, Body()] = None
) -> Data[RiskState]:
    """Get the sentinel's view: drawdowns, exposure, mode, kill switch."""
    return Data(data=await request.ask())


@command("POST", KILL_SWITCH, "activate_kill_switch", SECTION)
async def activate(
    request: Call, data: Annotated[KillSwitchRequest | None, Body()] = None
) -> KillSwitchSaid:
    """Stop all trading but what reduces positions, and cancel working entries."""
    return _said(await request.pass_on(data or KillSwitchRequest()))


@command("DELETE", KILL_SWITCH, "deactivate_kill_switch", SECTION)
async def deactivate(
    request: Call, data: Annotated[Mutation | None, Body()] = None
) -> KillSwitchSaid:
    """Let trading go on."""
    return _said(await request.pass_on(data or Mutation()))


@command("POST", "/api/v1/risk/halts/resume", "resume_trading", SECTION)
async def resume(request: Call, data: Annotated[ResumeRequest, Body()]) -> HaltsSaid:
    """Let the markets of an asset be traded again that were halted for a difference."""
    answer: HaltAnswer = await request.pass_on(data)
    return HaltsSaid(**msgspec.structs.asdict(answer))


def _said(answer: KillSwitchAnswer) -> KillSwitchSaid:
    return KillSwitchSaid(**msgspec.structs.asdict(answer))


ROUTES = [limits, update_limits, exposure, sentinel_state, activate, deactivate, resume]
