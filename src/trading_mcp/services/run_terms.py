"""What a run or a search over history is held to, and what tells one request from another."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from trading_mcp.backtest.terms import Costs, Limits, Terms
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.limits import RiskParameters
from trading_mcp.domain.markets import Market
from trading_mcp.engine.session import Session
from trading_mcp.services.operations import Caller
from trading_mcp.services.shapes.backtests import RunBacktest
from trading_mcp.services.shapes.optimization import OptimizeParameters

Asked = RunBacktest | OptimizeParameters
_UNWEIGHED = ("wait_seconds", "limit", "cursor")
"""They change what is told, and nothing that is computed."""


def terms_of(session: Session, request: Asked, market: Market) -> Terms:
    """Return the terms: those of the account as it is now, where *request* says nothing else.

    The exits are not there yet: they are the strategy's own. Raises InvalidParameter.
    """
    state = session.state
    fee = None if request.fee_percent is None else request.fee_percent / 100
    return Terms(
        capital=request.initial_capital,
        costs=Costs(taker_fee=fee, maker_fee=fee, slippage=request.slippage_percent / 100),
        size_percent=request.size_percent,
        limits=Limits(
            parameters=_limits(state.parameters, request.risk or {}),
            mode=state.mode,
            weight=state.strategies[request.strategy].weight,
        ),
        leverage=session.settings.leverage if market.type == "perpetual" else 1,
    )


def key_of(session: Session, request: Asked, caller: Caller) -> str:
    """Return what tells apart who asks for what, and under which limits."""
    asked = {n: v for n, v in msgspec.to_builtins(request).items() if n not in _UNWEIGHED}
    state, kind = session.state, type(request).__name__
    set_as = state.strategies.get(request.strategy)
    told = [caller.principal, kind, asked, state.parameters, state.mode, set_as]
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


def _limits(present: RiskParameters, changes: Mapping[str, Any]) -> RiskParameters:
    try:
        return msgspec.convert({**msgspec.to_builtins(present), **changes}, RiskParameters)
    except (msgspec.ValidationError, ValueError) as error:
        raise InvalidParameter(
            f"risk: {error}",
            hint="The fields are those of GET /api/v1/scalping/risk/limits.",
            field="risk",
        ) from None
