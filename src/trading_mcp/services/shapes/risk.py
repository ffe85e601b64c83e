"""Limits, exposure, the sentinel and the kill switch."""

from typing import Annotated

import msgspec
from msgspec import Meta

from trading_mcp.domain.limits import Fraction, Percent, RiskMode, Usd
from trading_mcp.domain.orders import Side
from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import (
    Amount,
    Exchange,
    MarketTypeChoice,
    Mutation,
    Pair,
    Price,
    Text,
)


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The risk parameters; their meanings stand in docs/configuration.md."""

    max_position_size_usd: float
    max_total_exposure_usd: float
    stop_loss_percent: float
    take_profit_percent: float
    max_daily_loss_usd: float
    max_consecutive_losses: int
    volatility_multiplier: float
    kelly_fraction: float
    risk_free_rate: float
    confidence_threshold: float
    risk_per_trade_percent: float
    max_open_positions: int
    loss_cooldown_minutes: float
    max_leverage: int
    max_daily_drawdown_percent: float
    max_weekly_drawdown_percent: float
    max_monthly_drawdown_percent: float
    max_orders_per_minute: int
    max_price_deviation_percent: float


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits and how near the account is to them; *limit_reason* says why it can't trade.

    *daily_pnl* is of the positions that closed since the UTC day began, as everywhere.
    *daily_net_pnl* is how much the account's worth changed since, open positions included: what
    max_daily_loss_usd is about. Null while a held market has no price.
    """

    parameters: Parameters
    risk_mode: RiskMode
    can_trade: bool
    limit_reason: str
    current_exposure: float
    daily_pnl: float
    daily_net_pnl: float | None
    consecutive_losses: int


class RiskLimitsUpdate(Mutation, frozen=True, kw_only=True):
    """New risk parameters; those left out stay as they are."""

    max_position_size_usd: Usd | None = None
    max_total_exposure_usd: Usd | None = None
    stop_loss_percent: Percent | None = None
    take_profit_percent: Percent | None = None
    max_daily_loss_usd: Usd | None = None
    max_consecutive_losses: Annotated[int, Meta(ge=1, le=1000)] | None = None
    volatility_multiplier: Annotated[float, Meta(ge=0, le=20)] | None = None
    kelly_fraction: Fraction | None = None
    risk_free_rate: Annotated[float, Meta(ge=-1, le=1)] | None = None
    confidence_threshold: Fraction | None = None
    risk_per_trade_percent: Annotated[float, Meta(gt=0, le=10)] | None = None
    max_open_positions: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    loss_cooldown_minutes: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    max_leverage: Annotated[int, Meta(ge=1, le=100)] | None = None
    max_daily_drawdown_percent: Percent | None = None
    max_weekly_drawdown_percent: Percent | None = None
    max_monthly_drawdown_percent: Percent | None = None
    max_orders_per_minute: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    max_price_deviation_percent: Percent | None = None
    risk_mode: RiskMode | None = None


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """The notional at risk, working entries included, in quote; *exposure_percent* of the limit.

    The limit is for all exchanges together, and so is *available_exposure*; of one exchange that
    has a cap of its own, the smaller of both.
    """

    current_exposure: float
    max_exposure: float
    exposure_percent: float
    available_exposure: float
    by_symbol: dict[str, float]


class RiskState(msgspec.Struct, frozen=True, kw_only=True):
    """The sentinel's view. Drawdowns are positive percent since the start of the UTC period; 0
    while *equity* is null, because a held market has no price yet. *halted* says of which assets
    the markets wait for a person, and why."""

    current_drawdown_daily: float
    current_drawdown_weekly: float
    current_drawdown_monthly: float
    total_exposure: float
    exposure_by_symbol: dict[str, float]
    consecutive_losses: int
    risk_mode: RiskMode
    kill_switch_active: bool
    kill_switch_reason: str
    can_trade: bool
    limit_reason: str
    halted: dict[str, str]
    equity: float | None
    last_update: str


class KillSwitchRequest(Mutation, frozen=True, kw_only=True):
    """Why the kill switch goes on."""

    reason: Text = "Manual activation"


class KillSwitchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The kill switch now. *cancelled* and *unresolved* are ids of entries that were working."""

    message: str
    active: bool
    reason: str
    timestamp: str
    cancelled: list[str]
    unresolved: list[str]


class ResumeRequest(Mutation, frozen=True, kw_only=True):
    """What has been looked at: an asset as the sentinel's state lists it, `kucoin:BTC`; without
    the exchange where only one has it halted."""

    asset: Text


class HaltAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is halted still, and why."""

    message: str
    halted: dict[str, str]


class CheckRequest(Request, frozen=True, kw_only=True):
    """An order to be judged, not sent. Without *price*: a market order."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
    side: Side
    amount: Amount
    price: Price | None = None
    leverage: Annotated[int, Meta(ge=1, le=100)] = 1


class RuleVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule says; *headroom* is what is left of *limit*, where it counts something."""

    rule: str
    allowed: bool
    reason: str
    limit: float | None
    found: float | None
    headroom: float | None


class CheckAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the order would pass, and every rule's verdict. *max_size* is in base, on the
    market's step: 0 when no amount would pass. *warnings* tell of limits that are near."""

    allowed: bool
    reason: str
    max_size: float
    warnings: list[str]
    verdicts: list[RuleVerdict]
