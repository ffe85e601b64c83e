"""What a backtest must come to, worked out one candle at a time and without a thought for speed.

Written from docs/backtesting.md, independently of the loop and of `rules/`. Only one market, sized
by a share of the equity, without limits.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal


class Account:
    """The money, the position, and the trades so far."""

    def __init__(self, capital, percent, fee, slippage, exits, tick, step):
        self.cash, self.percent, self.fee, self.slippage = capital, percent, fee, slippage
        self.stop_pct, self.target_pct, self.trailing_pct, self.breakeven_pct, self.most = exits
        self.tick, self.step = tick, step
        self.side = 0
        self.trades, self.equity = [], []

    def on_grid(self, number, grid, rounding):
        if grid is None:
            return number
        steps = (Decimal(repr(number)) / grid).to_integral_value(rounding)
        return float(steps * grid)

    def paid(self, price, buys):
        price *= 1 + self.slippage if buys else 1 - self.slippage
        return self.on_grid(price, self.tick, ROUND_CEILING if buys else ROUND_FLOOR)

    def level(self, percent):
        price = self.entry * (1 + self.side * percent / 100)
        return self.on_grid(price, self.tick, ROUND_HALF_EVEN)

    def enter(self, row, side, price):
        self.side, self.row, self.held = side, row, 0
        self.entry = self.paid(price, side > 0)
        most = self.paid(price, True)
        worth = min(self.cash * self.percent / 100, self.cash / (1 + self.fee))
        self.amount = worth / most
        if self.step is not None:
            steps = Decimal(repr(worth)) / Decimal(repr(most)) / self.step
            self.amount = float(steps.to_integral_value(ROUND_FLOOR) * self.step)
        if self.amount <= 0:
            self.side = 0
            return
        self.fees = self.amount * self.entry * self.fee
        self.cash -= self.fees
        self.stop = self.level(-self.stop_pct) if self.stop_pct else None
        self.target = self.level(self.target_pct) if self.target_pct else None
        self.why_stopped = "stop_loss"

    def leave(self, row, price, why):
        price = self.paid(price, self.side < 0)
        fee = self.amount * price * self.fee
        # What was received less what was given: a last bit can decide about a whole step.
        gain = self.side * (self.amount * price - self.amount * self.entry)
        self.cash += gain - fee
        pnl = gain - fee - self.fees
        self.trades.append((self.side, self.row, self.entry, row, price, why, self.amount, pnl))
        self.side = 0

    def meet(self, row, open_, high, low, close):
        self.held += 1
        worst, best = (low, high) if self.side > 0 else (high, low)
        if self.stop is not None and (worst - self.stop) * self.side <= 0:
            beyond = (open_ - self.stop) * self.side < 0
            self.leave(row, open_ if beyond else self.stop, self.why_stopped)
        elif self.target is not None and (best - self.target) * self.side >= 0:
            beyond = (open_ - self.target) * self.side > 0
            self.leave(row, open_ if beyond else self.target, "take_profit")
        else:
            self.follow(best, close)

    def follow(self, best, close):
        moved, why = self.stop, self.why_stopped
        if self.breakeven_pct:
            even = self.entry * (1 + self.side * 2 * self.fee)
            trigger = self.entry * (1 + self.side * self.breakeven_pct / 100)
            is_due = (best - trigger) * self.side >= 0 and (best - even) * self.side > 0
            if is_due and (moved is None or (even - moved) * self.side > 0):
                moved, why = even, "breakeven"
        if self.trailing_pct:
            behind = best * (1 - self.side * self.trailing_pct / 100)
            if behind > 0 and (moved is None or (behind - moved) * self.side > 0):
                moved, why = behind, "trailing_stop"
        if moved is None or moved == self.stop:
            return
        moved = self.on_grid(moved, self.tick, ROUND_HALF_EVEN)
        if moved != self.stop and (close - moved) * self.side > 0:
            self.stop, self.why_stopped = moved, why

    def mark(self, close):
        gain = self.side * (close - self.entry) * self.amount if self.side else 0.0
        self.equity.append(self.cash + gain)


def backtest(  # everything that matters, one by one
    rows, wishes, *, capital, percent, fee, slippage, exits, tick=None, step=None
):
    """Return the trades (side, entry row, entry, exit row, exit, why, amount, pnl), the equity."""
    account = Account(capital, percent, fee, slippage, exits, tick, step)
    for i, (open_, high, low, close) in enumerate(rows):
        wished = {name for name, at in wishes.items() if i - 1 in at}
        if account.side:
            if ("exit_long" if account.side > 0 else "exit_short") in wished:
                account.leave(i, open_, "exit_signal")
            elif account.most and account.held >= account.most:
                account.leave(i, open_, "time_limit")
        if not account.side and "enter_long" in wished:
            account.enter(i, 1, open_)
        elif not account.side and "enter_short" in wished:
            account.enter(i, -1, open_)
        if account.side:
            account.meet(i, open_, high, low, close)
        account.mark(close)
    if account.side:
        account.leave(len(rows) - 1, rows[-1][3], "end_of_data")
        account.equity[-1] = account.cash
    return account.trades, account.equity


def wilders_rsi(closes, period):
    """Wilder's index, None until there is one."""
    index, gain, loss = [None] * len(closes), 0.0, 0.0
    for i in range(1, len(closes)):
        up, down = max(closes[i] - closes[i - 1], 0.0), max(closes[i - 1] - closes[i], 0.0)
        if i <= period:
            gain, loss = gain + up / period, loss + down / period
        else:
            gain, loss = (gain * (period - 1) + up) / period, (loss * (period - 1) + down) / period
        if i >= period:
            index[i] = 100 * gain / (gain + loss) if gain + loss else 0.0
    return index


def rsi_wishes(closes, period, low, high, direction):
    """What rsi_scalping means."""
    index = wilders_rsi(closes, period)
    found = {"enter_long": [], "exit_long": [], "enter_short": [], "exit_short": []}
    for i in range(period + 1, len(closes)):
        falls = index[i] < low <= index[i - 1]
        rises = index[i] > high >= index[i - 1]
        if falls:
            found["exit_short"].append(i)
        if rises:
            found["exit_long"].append(i)
        if falls and direction != "short":
            found["enter_long"].append(i)
        if rises and direction != "long":
            found["enter_short"].append(i)
    return found
