"""All that a plugin may import: what a strategy is, what it sees, and what it answers with."""

from msgspec import Meta

from trading_mcp.domain.candles import Candles, Column
from trading_mcp.domain.signals import Flags, Signals
from trading_mcp.indicators.series import (
    BollingerColumns,
    MacdColumns,
    StochasticColumns,
    atr,
    bollinger,
    crosses_above,
    crosses_below,
    crosses_out,
    ema,
    macd,
    recently,
    rsi,
    sma,
    stochastic,
)
from trading_mcp.indicators.warmup import ema_warmup, wilder_warmup
from trading_mcp.sdk.bounds import Percent, Period
from trading_mcp.sdk.building import confidence, signals
from trading_mcp.strategy.base import Direction, Params, Strategy
from trading_mcp.strategy.conformance import assert_conforms
from trading_mcp.strategy.hookspecs import hookimpl
from trading_mcp.strategy.sample_markets import walk

__all__ = [
    "BollingerColumns",
    "Candles",
    "Column",
    "Direction",
    "Flags",
    "MacdColumns",
    "Meta",
    "Params",
    "Percent",
    "Period",
    "Signals",
    "StochasticColumns",
    "Strategy",
    "assert_conforms",
    "atr",
    "bollinger",
    "confidence",
    "crosses_above",
    "crosses_below",
    "crosses_out",
    "ema",
    "ema_warmup",
    "hookimpl",
    "macd",
    "recently",
    "rsi",
    "signals",
    "sma",
    "stochastic",
    "walk",
    "wilder_warmup",
]
