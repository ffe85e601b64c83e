"""Run by `benchmarks.sweep`: this search and the bare loop, in turns, in one process.

Prints the best seconds of each, and the most memory of the process.
"""

import json
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks import _series
from benchmarks._series import CASH, FEE, HIGH
from trading_mcp.adapters.executors.threads import ThreadExecutor
from trading_mcp.app.datasets import read_dataset, write_dataset
from trading_mcp.backtest.runs import Data
from trading_mcp.backtest.search.batches import Dataset, forget
from trading_mcp.backtest.search.objectives import objectives_of
from trading_mcp.backtest.search.searches import Search, search
from trading_mcp.backtest.search.spaces import space_of
from trading_mcp.backtest.terms import Costs, Terms
from trading_mcp.domain.candles import Candles
from trading_mcp.strategy.loader import discover

ROUNDS = 25
PERIODS, LEVELS = (7, 14, 21, 28), (20.0, 25.0, 30.0, 35.0)
TAKES, STOPS = (0.4, 0.8, 1.2, 1.6), (0.2, 0.4, 0.6, 0.8)
THREADS = os.cpu_count() or 1


def main(count: int, rounds: int) -> None:
    """Measure *count* candles and print what was found."""
    columns = _series.series(count)
    executor, wanted = ThreadExecutor(THREADS), searched()
    data = [Data(market="seeded", interval=_series.MINUTE, candles=Candles(*columns.values()))]
    compiled = str(Path(tempfile.gettempdir()) / "trading-mcp-compiled-for-benchmarks")
    with tempfile.TemporaryDirectory() as folder:
        write_dataset(Path(folder), data)
        stored = Dataset(path=folder, read=read_dataset, compiled=compiled)
        held = Dataset(path="held", read=lambda _: data, compiled=compiled)
        best = dict.fromkeys(("ours", "from_disk", "runs", "bare"), 9e9)
        search(wanted, stored, executor)
        for _ in range(rounds):
            for name, dataset, fresh in (
                ("from_disk", stored, True),
                ("ours", held, True),
                ("runs", held, False),
            ):
                if fresh:
                    forget(dataset)
                took = timed(lambda dataset=dataset: search(wanted, dataset, executor))
                best[name] = min(best[name], took)
            forget(held)
    executor.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if rounds > 1:
        bare(columns)
        best["bare"] = min(timed(lambda: bare(columns)) for _ in range(rounds))
    print(json.dumps({**best, "combinations": 256, "threads": THREADS, "peak_mib": peak}))


def searched() -> Search:
    """Return the search."""
    cls = discover(["rsi"]).strategies["rsi_scalping"].cls
    axes = {
        "rsi_period": list(PERIODS),
        "rsi_oversold": list(LEVELS),
        "take_profit_pct": list(TAKES),
        "stop_loss_pct": list(STOPS),
    }
    return Search(
        space=space_of(cls, axes, {"rsi_overbought": HIGH, "direction": "long"}),
        method="grid",
        objectives=objectives_of(["total_return_pct"], most=1),
        terms=Terms(capital=CASH, size_percent=100.0, costs=Costs(taker_fee=FEE, slippage=0.0)),
    )


def bare(columns) -> list:
    """Do the same with nothing but the trades and the cash after them."""
    import talib

    prices = [columns[name] for name in ("open", "high", "low")]

    def of_period(period):
        rsi = talib.RSI(columns["close"], period)
        out = np.flatnonzero((rsi[1:] > HIGH) & (rsi[:-1] <= HIGH)) + 1
        found = []
        for level in LEVELS:
            entries = np.flatnonzero((rsi[1:] < level) & (rsi[:-1] >= level)) + 1
            for take in TAKES:
                for stop in STOPS:
                    found.append(_loop()(*prices, entries, out, take / 100, stop / 100, FEE, CASH))
        return found

    with ThreadPoolExecutor(THREADS) as pool:
        return [found for part in pool.map(of_period, PERIODS) for found in part]


_compiled: list = []


def _loop():
    if not _compiled:
        import numba

        _compiled.append(numba.njit(nogil=True)(positions))
    return _compiled[0]


def positions(open_, high, low, entries, exits, take, stop, fee, cash):
    """Go from one position to the next; return the cash and how many there were."""
    count, made, at, out, entry = len(open_), 0, 0, 0, 0
    while True:
        while entry < len(entries) and entries[entry] + 1 <= at:
            entry += 1
        if entry == len(entries) or entries[entry] + 1 >= count:
            return cash, made
        i = entries[entry] + 1
        while out < len(exits) and exits[out] < i:
            out += 1
        leave = exits[out] + 1 if out < len(exits) else count
        price = open_[i]
        amount = cash / (price * (1.0 + fee))
        floor, roof, left = price * (1.0 - stop), price * (1.0 + take), 0.0
        while i < count:
            if i == leave:
                left = open_[i]
                break
            if low[i] <= floor:
                left = min(open_[i], floor)
                break
            if high[i] >= roof:
                left = max(open_[i], roof)
                break
            i += 1
        if i >= count:
            return cash, made
        cash += amount * (left - price) - amount * fee * (price + left)
        made, at = made + 1, i


def timed(run) -> float:
    """Return how long *run* takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


if __name__ == "__main__":
    main(int(sys.argv[1]), 1 if "once" in sys.argv else ROUNDS)
