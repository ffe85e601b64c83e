"""The practical limit: a loop that knows this one strategy and nothing else, compiled by numba."""

import numba
import numpy as np
import talib

from benchmarks._series import CASH, FEE, HIGH, LOW, PERIOD, STOP, TAKE


def run(open_, high, low, close):
    """Return equity, trades and the deepest fall."""
    return loop(open_, high, low, close, talib.RSI(close, PERIOD))


@numba.njit(nogil=True)
def loop(open_, high, low, close, rsi):
    count = close.size
    equity, trades, made = np.empty(count), np.empty((count // 2 + 1, 6)), 0
    cash, amount, entry, stop, target, entered = CASH, 0.0, 0.0, 0.0, 0.0, 0
    peak, deepest, wish = CASH, 0.0, 0
    for i in range(count):
        price, why = 0.0, 0
        if amount > 0.0 and wish == 2:
            price, why = open_[i], 3
        elif amount == 0.0 and wish == 1:
            entry, entered = open_[i], i
            amount = cash / (entry * (1.0 + FEE))
            cash -= amount * entry * FEE
            stop, target = entry * (1.0 - STOP), entry * (1.0 + TAKE)
        if amount > 0.0 and why == 0:
            if low[i] <= stop:
                price, why = min(open_[i], stop), 1
            elif high[i] >= target:
                price, why = max(open_[i], target), 2
        if why != 0:
            fee = amount * price * FEE
            cash += amount * (price - entry) - fee
            trades[made, 0] = entered
            trades[made, 1] = i
            trades[made, 2] = entry
            trades[made, 3] = price
            trades[made, 4] = amount * (price - entry) - fee - amount * entry * FEE
            trades[made, 5] = why
            made, amount = made + 1, 0.0
        worth = cash + amount * (close[i] - entry)
        equity[i] = worth
        peak = max(peak, worth)
        deepest = max(deepest, (peak - worth) / peak)
        wish = 0
        if i > 0:
            if rsi[i] < LOW <= rsi[i - 1]:
                wish = 1
            elif rsi[i] > HIGH >= rsi[i - 1]:
                wish = 2
    return equity, trades[:made], deepest
