"""A run that begins in the midst of a past: what was before it warms the strategy up."""

import time

import msgspec
import numpy as np

from trading_mcp.backtest.compiling import Loop
from trading_mcp.backtest.histories import History
from trading_mcp.backtest.metrics import metrics_of
from trading_mcp.backtest.runs import Data, Note, Result, Seconds, wished
from trading_mcp.backtest.simulation import simulate
from trading_mcp.backtest.tables import by_month, by_pair, by_reason
from trading_mcp.backtest.terms import Terms
from trading_mcp.strategy.base import Strategy


def run_warmed(
    strategy: Strategy,
    data: Data,
    before: int,
    terms: Terms,
    loop: Loop,
    note: Note = lambda _what, _share: None,
) -> Result:
    """Ask *strategy* for all of *data*, and run over what comes after the first *before* candles.

    Raises:
        ValueError: there is nothing to run over, or the strategy answers rubbish.
    """
    began = time.perf_counter()
    note(f"signals of {data.market}", 0.0)
    history = since(wished(strategy, data, terms), before)
    asked = time.perf_counter()
    note("trades", 0.5)
    outcome = simulate([history], terms, loop)
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


def since(history: History, before: int) -> History:
    """Return *history* without its first *before* candles."""
    if before == 0:
        return history
    return msgspec.structs.replace(
        history,
        candles=history.candles[before:],
        signals=history.signals.each(lambda column: np.ascontiguousarray(column[before:])),
        atr=None if history.atr is None else np.ascontiguousarray(history.atr[before:]),
    )
