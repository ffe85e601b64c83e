"""The limits that trading is held to, and the switches above them."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

RiskMode = Literal["Conservative", "Normal", "Aggressive", "ControlledCrazy"]
Severity = Literal["info", "warning", "critical"]
Usd = Annotated[float, Meta(gt=0, le=1e12)]
Percent = Annotated[float, Meta(gt=0, le=100)]
Fraction = Annotated[float, Meta(ge=0, le=1)]


class RiskParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every limit of the risk core. "usd" is the quote currency; percent is percent (0.5).

    max_position_size_usd: the largest notional of one position, its working orders included.
    max_total_exposure_usd: the largest notional of all positions and working entries together.
    stop_loss_percent: where a position is left when its strategy or its order does not say;
        percent of the entry price.
    take_profit_percent: the target of orders by hand that do not say; a strategy without a
        target has none.
    max_daily_loss_usd: once a UTC day has lost this much (open positions included), no position
        is opened or enlarged until the next day.
    max_consecutive_losses: after so many losing positions in a row, entries pause for
        loss_cooldown_minutes; then the count starts again.
    volatility_multiplier: a strategy's stop is never nearer to the entry than this many average
        true ranges (14 candles); 0 switches it off.
    kelly_fraction: how much of the Kelly stake a strategy may risk per trade once it has 30
        closed positions; never more than risk_per_trade_percent, never less than a quarter of
        it; 0 switches it off.
    risk_free_rate: a year's, as a fraction (0.02), for the Sharpe ratio.
    confidence_threshold: a signal weaker than this (0 to 1) is not acted on.
    risk_per_trade_percent: how much of the equity a position loses at its stop.
    max_open_positions: how many positions may be open or being opened.
    max_leverage: the highest leverage of an order.
    max_daily_drawdown_percent, max_weekly_..., max_monthly_...: a fall of the equity since the
        start of the period (UTC) at which the kill switch goes on by itself.
    max_orders_per_minute: entries per minute, all callers together.
    max_price_deviation_percent: how far a limit order's price may lie on the wrong side of the
        market.
    """

    max_position_size_usd: Usd = 50.0
    max_total_exposure_usd: Usd = 100.0
    stop_loss_percent: Percent = 0.5
    take_profit_percent: Percent = 1.0
    max_daily_loss_usd: Usd = 20.0
    max_consecutive_losses: Annotated[int, Meta(ge=1, le=1000)] = 3
    volatility_multiplier: Annotated[float, Meta(ge=0, le=20)] = 1.0
    kelly_fraction: Fraction = 0.25
    risk_free_rate: Annotated[float, Meta(ge=-1, le=1)] = 0.0
    confidence_threshold: Fraction = 0.5
    risk_per_trade_percent: Annotated[float, Meta(gt=0, le=10)] = 0.5
    max_open_positions: Annotated[int, Meta(ge=1, le=10_000)] = 5
    loss_cooldown_minutes: Annotated[float, Meta(ge=0, le=100_000)] = 60.0
    max_leverage: Annotated[int, Meta(ge=1, le=100)] = 3
    max_daily_drawdown_percent: Percent = 5.0
    max_weekly_drawdown_percent: Percent = 10.0
    max_monthly_drawdown_percent: Percent = 20.0
    max_orders_per_minute: Annotated[int, Meta(ge=1, le=100_000)] = 60
    max_price_deviation_percent: Percent = 5.0


class ModeFactors(msgspec.Struct, frozen=True):
    """What a risk mode does: *size* multiplies the risk per trade, *limit* the position and
    exposure limits (never above 1), *confidence* is added to the confidence threshold."""

    size: float
    limit: float
    confidence: float


MODES: dict[RiskMode, ModeFactors] = {
    "Conservative": ModeFactors(size=0.5, limit=0.5, confidence=0.1),
    "Normal": ModeFactors(size=1.0, limit=1.0, confidence=0.0),
    "Aggressive": ModeFactors(size=1.5, limit=1.0, confidence=-0.05),
    "ControlledCrazy": ModeFactors(size=2.0, limit=1.0, confidence=-0.1),
}
"""The risk modes. The bolder ones risk more per trade; none goes beyond a limit."""


class KillSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """Why and since when (UTC ms) only reducing orders are let through."""

    reason: str
    principal: str
    activated_at: int


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person should know. *trigger* names the rule, *value* what it measured.

    *subject* is what it is about, if there are several: a market, a strategy.
    """

    id: str
    trigger: str
    severity: Severity
    message: str
    at: int
    value: float | None = None
    subject: str = ""
