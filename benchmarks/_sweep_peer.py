"""Run by `benchmarks.sweep` in the peers' environment: vectorbt, many columns at a time.

TA-Lib's RSI and its crossings are given to it: measured are its trades and figures alone.
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
import talib

sys.path.insert(0, sys.argv[0].rpartition("/benchmarks/")[0])
from benchmarks._series import CASH, FEE, HIGH, series

warnings.simplefilter("ignore")
ROUNDS = 2
PERIOD, LEVELS = 14, (20.0, 25.0, 30.0, 35.0)
TAKES, STOPS = (0.4, 0.8, 1.2, 1.6), (0.2, 0.4, 0.6, 0.8)


def main(count):
    """Measure the 64 combinations of one period and print what was found."""
    import vectorbt as vbt

    columns = series(count)
    vbt.settings.array_wrapper["freq"] = "1min"
    vbt.settings["engine"] = "rust" if "engine" in vbt.settings else "auto"
    rsi = talib.RSI(columns["close"], PERIOD)
    frame = {n: pd.Series(columns[n]) for n in ("open", "high", "low", "close")}
    out = crossed(rsi[1:] > HIGH, rsi[:-1] <= HIGH)

    def of_level(level):
        into = crossed(rsi[1:] < level, rsi[:-1] >= level)
        pairs = [(stop / 100, take / 100) for take in TAKES for stop in STOPS]
        wide = np.repeat(into[:, None], len(pairs), axis=1)
        portfolio = vbt.Portfolio.from_signals(
            frame["close"],
            wide,
            np.repeat(out[:, None], len(pairs), axis=1),
            price=frame["open"],
            open=frame["open"],
            high=frame["high"],
            low=frame["low"],
            sl_stop=np.array([stop for stop, _ in pairs]),
            tp_stop=np.array([take for _, take in pairs]),
            fees=FEE,
            init_cash=CASH,
        )
        portfolio.sharpe_ratio()
        portfolio.max_drawdown()
        return portfolio.total_return()

    def run():
        for level in LEVELS:
            of_level(level)

    run()  # whatever it compiles
    best = 9e9
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - began)
    told = {"seconds": best, "combinations": len(LEVELS) * len(TAKES) * len(STOPS)}
    print(json.dumps(told))


def crossed(now, before):
    """Return where to act: the row after the close that says so."""
    found = np.concatenate(([False], now & before))
    return np.roll(found, 1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
