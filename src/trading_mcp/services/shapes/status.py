"""Status, health and metrics."""

from typing import Literal

import msgspec


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The engine at a glance. *exchanges* says of each what it is, such as simulated.

    *limit_reason* is why strategies open nothing now, while *can_trade* is false.
    """

    running: bool
    uptime: str
    pairs_count: int
    active_strategies: int
    health_status: Literal["healthy", "degraded", "unhealthy"]
    errors: list[str]
    exchanges: list[str]
    pairs: list[str]
    strategies: list[str]
    kill_switch_active: bool
    open_positions: int
    can_trade: bool
    limit_reason: str
    trading_time: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the engine is well."""

    status: Literal["healthy", "degraded", "unhealthy"]
    running: bool
    uptime: str
    errors: list[str]
    timestamp: str


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Results and speed. Money in quote, rates in percent, drawdown negative percent.

    Every `..._pnl` but *unrealized_pnl* is of closed positions alone, after fees and funding:
    *daily_pnl* of those that closed since the UTC day began, and so on. What open positions add
    is in *unrealized_pnl*, and by period in get_pnl.
    """

    total_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: float
    total_pnl: float
    daily_pnl: float
    weekly_pnl: float
    monthly_pnl: float
    avg_win: float
    avg_loss: float
    profit_factor: float
    sharpe_ratio: float
    max_drawdown: float
    active_positions: int
    avg_latency_ms: float
    avg_slippage_pct: float
    unrealized_pnl: float
    equity: float | None
