"""Strategies and their records."""

from typing import Any

import msgspec

from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import Id, Mutation


class StrategyPerformance(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy's record. Money in quote, win rate in percent, drawdown negative percent."""

    total_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: float
    total_pnl: float
    avg_win: float
    avg_loss: float
    sharpe_ratio: float
    max_drawdown: float
    profit_factor: float


class StrategyView(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy. *fault* says why it was stopped, when it was stopped for a fault."""

    name: str
    active: bool
    weight: float
    performance: StrategyPerformance
    config: dict[str, Any]
    plugin: str
    version: str
    fault: str


class Strategies(msgspec.Struct, frozen=True, kw_only=True):
    """All enabled strategies; *broken* has the plugins that could not be loaded, and why."""

    strategies: list[StrategyView]
    count: int
    broken: dict[str, str]


class StrategyName(Request, frozen=True, kw_only=True):
    """One strategy."""

    name: Id


class StrategySwitch(Mutation, frozen=True, kw_only=True):
    """Start or stop one strategy."""

    name: Id


class StrategyConfig(Mutation, frozen=True, kw_only=True):
    """New parameters for a strategy; those left out stay. `weight` may be among them."""

    name: Id
    config: dict[str, Any]
