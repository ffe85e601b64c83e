"""The `[scalping]` and `[strategies]` sections of the configuration."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta


class ScalpingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the scalping engine trades from its first start; later changes are kept.

    autostart: begin to trade at the first start of a data directory.
    exchange: the exchange that is meant when a request names none.
    pairs: markets traded at the first start (`BTC-USDT`, `BTC-USDT-PERP`).
    interval: the candles that strategies are asked on.
    leverage: of the positions that strategies open on perpetuals.
    strategy_budget_ms: wall time a strategy may take for one answer; then it is stopped.
    order_timeout_ms: wall time to wait for an exchange's answer; then the order is unknown, or the
        question about the market has failed.
    stale_after_ms: wall time without market data after which no position is opened.
    settle_fence_ms: wall time after which an order that the exchange has never heard of, twice,
        counts as not accepted.
    """

    autostart: bool = True
    exchange: str = "sim"
    pairs: tuple[str, ...] = ("BTC-USDT", "ETH-USDT", "DOGE-USDT")
    interval: str = "1m"
    leverage: Annotated[int, Meta(ge=1, le=100)] = 1
    strategy_budget_ms: Annotated[int, Meta(ge=1, le=60_000)] = 250
    order_timeout_ms: Annotated[int, Meta(ge=10, le=120_000)] = 5_000
    stale_after_ms: Annotated[int, Meta(ge=100, le=600_000)] = 5_000
    settle_fence_ms: Annotated[int, Meta(ge=0, le=600_000)] = 10_000


class StrategySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One strategy's settings at its first start; later changes are kept.

    weight: the share (0 to 1) of max_total_exposure_usd that its positions may take together.
    params: the strategy's own parameters.
    """

    active: bool = True
    weight: Annotated[float, Meta(ge=0, le=1)] = 1.0
    params: dict[str, Any] = {}


class StrategiesSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which plugins are loaded, by entry point, and how their strategies begin, by name."""

    enabled: tuple[str, ...] = ()
    settings: dict[str, StrategySettings] = {}
