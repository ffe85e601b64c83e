"""A strategy run over stored candles, from its wishes to the figures."""

import time
from collections.abc import Callable, Sequence

import msgspec

from trading_mcp.backtest.compiling import Loop
from trading_mcp.backtest.histories import History, Settlements
from trading_mcp.backtest.metrics import Metrics, metrics_of
from trading_mcp.backtest.simulation import Outcome, simulate
from trading_mcp.backtest.tables import OfMonth, OfPair, OfReason, by_month, by_pair, by_reason
from trading_mcp.backtest.terms import Exits, Ground, Terms
from trading_mcp.domain.candles import Candles, Column
from trading_mcp.indicators.series import atr
from trading_mcp.strategy.answers import validate
from trading_mcp.strategy.base import Params, Strategy

Note = Callable[[str, float], None]
"""Told what is being done, and what share of all is done (0 to 1)."""


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """One market's past: candles of *interval* ms, what the market is like, and more if known."""

    market: str
    interval: int
    candles: Candles
    ground: Ground = Ground()
    finer: Candles | None = None
    settlements: Settlements | None = None


class Seconds(msgspec.Struct, frozen=True, kw_only=True):
    """What the parts of a run took."""

    signals: float
    kernel: float
    metrics: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A run and all that was made of it."""

    outcome: Outcome
    metrics: Metrics
    pairs: tuple[OfPair, ...]
    months: tuple[OfMonth, ...]
    reasons: tuple[OfReason, ...]
    seconds: Seconds


def run_strategy(
    strategy: Strategy,
    data: Sequence[Data],
    terms: Terms,
    loop: Loop,
    note: Note = lambda _what, _share: None,
) -> Result:
    """Ask *strategy* once for all candles of each market, and run its wishes.

    Raises:
        ValueError: there is nothing to run over, or the strategy answers rubbish.
    """
    began = time.perf_counter()
    histories = []
    for place, market in enumerate(data):
        note(f"signals of {market.market}", place / len(data) / 2)
        histories.append(wished(strategy, market, terms))
    asked = time.perf_counter()
    note("trades", 0.5)
    outcome = simulate(histories, terms, loop)
    run = time.perf_counter()
    note("figures", 0.9)
    figures = metrics_of(outcome)
    tables = by_pair(outcome), by_month(outcome), by_reason(outcome)
    ended = time.perf_counter()
    return Result(
        outcome=outcome,
        metrics=figures,
        pairs=tables[0],
        months=tables[1],
        reasons=tables[2],
        seconds=Seconds(signals=asked - began, kernel=run - asked, metrics=ended - run),
    )


def wished(strategy: Strategy, data: Data, terms: Terms) -> History:
    """Return *data* with what *strategy* wishes for. Raises ValueError if that is rubbish."""
    signals = strategy.signals(data.candles)
    validate(signals, len(data.candles))
    return History(
        market=data.market,
        interval=data.interval,
        candles=data.candles,
        signals=signals,
        ground=data.ground,
        finer=data.finer,
        settlements=data.settlements,
        atr=average_range(data.candles) if needs_atr(terms) else None,
    )


def average_range(candles: Candles) -> Column:
    """Return the average true range that live stops are widened by."""
    return atr(candles.high, candles.low, candles.close)


def exits_of(params: Params, max_candles: int = 0) -> Exits:
    """Return the exits that a strategy's parameters ask for."""
    return Exits(
        stop_loss_pct=params.stop_loss_pct,
        take_profit_pct=params.take_profit_pct,
        trailing_stop_pct=params.trailing_stop_pct,
        breakeven_pct=params.breakeven_pct,
        max_candles=max_candles,
    )


def needs_atr(terms: Terms) -> bool:
    """Say whether stops are widened by the average true range."""
    return terms.limits is not None and terms.limits.parameters.volatility_multiplier > 0
