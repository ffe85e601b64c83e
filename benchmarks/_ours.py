"""Run by `benchmarks.backtest`: this backtest and the bare loop, in turns, in one process.

Prints the best seconds of each, by the clock and of the processor, the trades, and the most memory
that this backtest has taken.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import _series
from benchmarks._series import CASH, FEE, HIGH, LOW, PERIOD, STOP, TAKE
from trading_mcp.backtest.readiness import ready_loop
from trading_mcp.backtest.runs import Data, exits_of, run_strategy
from trading_mcp.backtest.terms import Costs, Terms
from trading_mcp.domain.candles import Candles
from trading_mcp.strategy.loader import discover
from trading_mcp.strategy.params import build_params

ROUNDS = 100


def main(count: int) -> None:
    """Measure *count* candles and print what was found."""
    columns = _series.series(count)
    candles = Candles(*columns.values())
    loop = ready_loop(Path(tempfile.gettempdir()) / "trading-mcp-compiled-for-benchmarks")
    cls = discover(["rsi"]).strategies["rsi_scalping"].cls
    params = build_params(
        cls,
        {
            "rsi_period": PERIOD,
            "rsi_oversold": LOW,
            "rsi_overbought": HIGH,
            "direction": "long",
            "take_profit_pct": TAKE * 100,
            "stop_loss_pct": STOP * 100,
        },
    )
    terms = Terms(
        capital=CASH,
        size_percent=100.0,
        exits=exits_of(params),
        costs=Costs(taker_fee=FEE, slippage=0.0),
    )
    data = [Data(market="seeded", interval=_series.MINUTE, candles=candles)]

    def once():
        return run_strategy(cls(params), data, terms, loop)

    result = once()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    from benchmarks import _bare

    prices = [columns[name] for name in ("open", "high", "low", "close")]
    _, trades, deepest = _bare.run(*prices)
    best, parts = dict.fromkeys(("ours", "bare", "ours_cpu", "bare_cpu"), 9e9), {}
    for _ in range(ROUNDS):
        took, cpu, _ = timed(lambda: _bare.run(*prices))
        best["bare"], best["bare_cpu"] = min(best["bare"], took), min(best["bare_cpu"], cpu)
        took, cpu, result = timed(once)
        best["ours_cpu"] = min(best["ours_cpu"], cpu)
        if took < best["ours"]:
            best["ours"] = took
            parts = {
                name: getattr(result.seconds, name) for name in ("signals", "kernel", "metrics")
            }
    found = {
        **best,
        "parts": parts,
        "trades": result.metrics.total_trades,
        "bare_trades": len(trades),
        "deepest": result.metrics.max_drawdown,
        "bare_deepest": -100 * deepest,
        "peak_mib": peak,
    }
    print(json.dumps(found))


def timed(run):
    """Return how long *run* takes by the clock and of the processor, and what it gives."""
    began, began_cpu = time.perf_counter(), time.thread_time()
    answer = run()
    return time.perf_counter() - began, time.thread_time() - began_cpu, answer


if __name__ == "__main__":
    main(int(sys.argv[1]))
