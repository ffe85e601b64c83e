"""What following markets is done with."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from trading_mcp.adapters.ccxt.candles import CandleQuestions
from trading_mcp.adapters.ccxt.questions import Questions
from trading_mcp.adapters.ccxt.skew import ExchangeTime
from trading_mcp.adapters.ccxt.tape import Tape
from trading_mcp.adapters.ccxt.traits import Traits
from trading_mcp.ports import Clock


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long what is waited for.

    *grace_ms*: after its end, for a candle's last trades to arrive. *hold_ms*: more, for candles
    that have to be asked for; those that are known wait for them. *quiet_s*: of silence in a
    market before its price is asked for. *beat_s*: between two looks at what has happened.
    *poll_s*: between two questions about mark prices, *funding_s* about funding.
    """

    grace_ms: int = 1_500
    hold_ms: int = 2_000
    quiet_s: float = 5.0
    beat_s: float = 0.1
    poll_s: float = 5.0
    funding_s: float = 60.0


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange: its client, what may be asked of it, its time, and what it did of late."""

    exchange: str
    client: Any
    traits: Traits
    time: ExchangeTime
    clock: Clock
    questions: Questions
    candles: CandleQuestions
    tape: Tape
    patience: Patience = Patience()
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
