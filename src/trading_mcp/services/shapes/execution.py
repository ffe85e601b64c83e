"""Execution and engine control."""

from typing import Annotated

import msgspec
from msgspec import Meta

from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import Exchange, Id, MarketTypeChoice, Mutation, Pair


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Wall milliseconds from sending an order to the exchange's answer; 0 before the first."""

    avg_latency_ms: float
    p50_latency_ms: float
    p95_latency_ms: float
    p99_latency_ms: float
    max_latency_ms: float
    samples: int


class ExecutionHistoryRequest(Request, frozen=True, kw_only=True):
    """How many of the newest orders."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 50


class BotRequest(Mutation, frozen=True, kw_only=True):
    """What to trade with; left out: as it was."""

    exchange: Exchange = None
    pairs: Annotated[list[Pair], Meta(min_length=1, max_length=200)] | None = None
    strategies: Annotated[list[Id], Meta(min_length=1, max_length=50)] | None = None


class PairRequest(Mutation, frozen=True, kw_only=True):
    """One market to trade or no longer."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
