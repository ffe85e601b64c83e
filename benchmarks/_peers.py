"""Run by `benchmarks.backtest` in an environment of its own: vectorbt and backtesting.py.

Each gets TA-Lib's RSI, so that all that is measured is the backtest: trades, equity, statistics.
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
import talib

sys.path.insert(0, sys.argv[0].rpartition("/benchmarks/")[0])
from benchmarks._series import CASH, FEE, HIGH, LOW, PERIOD, STOP, TAKE, series

warnings.simplefilter("ignore")
ROUNDS = {"vectorbt": 5, "backtesting": 1}


def vectorbt(columns):
    """Return the seconds and the number of trades, by its Rust engine."""
    import vectorbt as vbt

    index = pd.to_datetime(columns["time"], unit="ms")
    open_, high, low, close = (
        pd.Series(columns[name], index=index) for name in ("open", "high", "low", "close")
    )
    vbt.settings.array_wrapper["freq"] = "1min"
    vbt.settings["engine"] = "rust" if "engine" in vbt.settings else "auto"

    def run():
        below, above = crosses(columns["close"])
        portfolio = vbt.Portfolio.from_signals(
            close,
            pd.Series(below, index=index),
            pd.Series(above, index=index),
            price=open_,
            open=open_,
            high=high,
            low=low,
            sl_stop=STOP,
            tp_stop=TAKE,
            fees=FEE,
            init_cash=CASH,
        )
        portfolio.value()
        portfolio.stats()
        return len(portfolio.trades.records)

    return run


def backtesting(columns):
    """Return the seconds and the number of trades."""
    from backtesting import Backtest, Strategy

    below, above = crosses(columns["close"], late=0)
    frame = pd.DataFrame(
        {name.title(): columns[name] for name in ("open", "high", "low", "close")},
        index=pd.to_datetime(columns["time"], unit="ms"),
    )

    class Rsi(Strategy):
        def init(self):
            self.below, self.above = self.I(lambda: below), self.I(lambda: above)

        def next(self):
            price = self.data.Close[-1]
            if self.position and self.above[-1]:
                self.position.close()
            elif not self.position and self.below[-1]:
                self.buy(sl=price * (1 - STOP), tp=price * (1 + TAKE))

    def run():
        test = Backtest(frame, Rsi, cash=1e7, commission=FEE, finalize_trades=True)
        return int(test.run()["# Trades"])

    return run


def crosses(close, late=1):
    """Return where to enter and to leave, *late* rows after the close that says so."""
    rsi = talib.RSI(close, PERIOD)
    below, above = np.zeros(len(close), bool), np.zeros(len(close), bool)
    below[1:] = (rsi[1:] < LOW) & (rsi[:-1] >= LOW)
    above[1:] = (rsi[1:] > HIGH) & (rsi[:-1] <= HIGH)
    return np.roll(below, late), np.roll(above, late)


def main(name, count):
    """Measure one of them and print what was found."""
    run = globals()[name](series(count))
    if ROUNDS[name] > 1:
        run()  # whatever it compiles
    best = 9e9
    for _ in range(ROUNDS[name]):
        began = time.perf_counter()
        trades = run()
        best = min(best, time.perf_counter() - began)
    print(json.dumps({"seconds": best, "trades": trades}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
