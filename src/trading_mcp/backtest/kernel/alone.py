"""A single market in which nothing but prices and wishes can make anything happen.

Most histories are such, and in most of their candles nothing happens. So this goes from one event
to the next, and passes over what lies between in loops of a few lines. It comes to the same, to the
bit, as `kernel.loop` comes to candle by candle.
"""

import numpy as np

from trading_mcp.backtest.kernel.layout import Bars, Finer, Here, Memory, Record, Wished, Wishes
from trading_mcp.backtest.kernel.leaving import follow_move
from trading_mcp.backtest.kernel.primitives import fetch, put_back, taken
from trading_mcp.backtest.kernel.steps import act_at_open, flags_that_matter, follow_moves, revalue
from trading_mcp.backtest.kernel.watching import note_depth, note_fall

AHEAD = 3
"""So many wishes before its time what lies behind one is fetched: about a trade and a half."""

LINE = 8
"""So many numbers come near at once."""


def is_left_alone(plan: Record, limits: Record) -> bool:
    """Say whether nothing but prices and wishes can make anything happen."""
    return bool(limits.watched == 0 and plan.max_candles == 0)


def run_alone(  # noqa: PLR0912, PLR0915 - as in `run_history`: columns are not handed on
    bars: Bars, wishes: Wishes, finer: Finer, memory: Memory
) -> int:
    """Run over all candles; return how many there were, each with its equity."""
    account, seat, trades = taken(memory.account[0]), taken(memory.held[0]), memory.trades
    terms, plan, sizing = taken(memory.terms[0]), taken(memory.plan[0]), taken(memory.sizing[0])
    limits, equity = taken(memory.limits[0]), memory.equity
    time, opens, highs, lows, closes = bars.time, bars.open, bars.high, bars.low, bars.close
    wished_at, span, count = wishes.row, terms.span, len(bars.time)
    row, wish, pending = 0, 0, -1
    while row < count:
        seat.last_row = row
        if pending >= 0:
            wished = Wished(
                wishes.flags[pending],
                wishes.strength[pending],
                closes[wished_at[pending]],
                wishes.atr[pending],
            )
            here = Here(account, seat, terms, plan, sizing, limits, trades[account.closed])
            act_at_open(here, wished, (0.0, 0.0), opens[row], time[row])
            pending = -1
        that_matter, wallet = flags_that_matter(seat.side), account.wallet
        if seat.side == 0:
            while wish < len(wished_at) and wishes.flags[wish] & that_matter == 0:
                wish += 1
            end = count
            if wish < len(wished_at):
                end, pending = wished_at[wish] + 1, wish
                wish += 1
                for ahead in range(wish - 1, min(wish + AHEAD, len(wished_at))):
                    soon = wished_at[ahead] + 1
                    fetch(opens, soon)
                    fetch(highs, soon)
                    fetch(lows, soon)
                    fetch(closes, soon)
                    fetch(time, soon)
            if wallet < account.peak:
                note_depth(account, wallet)
            else:
                note_fall(account, wallet, time[row] + span)
                note_fall(account, wallet, time[end - 1] + span)
            for i in range(row, end):
                equity[from_front(i)] = wallet
            row = end
            continue
        # The peak and the floor are looked at as in `note_fall`, without going to the record.
        side, size, cost = seat.side, seat.size, seat.cost
        lowest, highest = seat.lowest, seat.highest
        peak, floor, below = account.peak, account.floor, account.below
        next_wish = wished_at[wish] if wish < len(wished_at) else count
        for soon in range(row + LINE, row + 9 * LINE, LINE):  # most are left before
            fetch(opens, soon)
            fetch(highs, soon)
            fetch(lows, soon)
            fetch(closes, soon)
            fetch(time, soon)
        end = count
        for i in range(row, count):
            k = from_front(i)
            if not (lows[k] > lowest and highs[k] < highest):
                end = i
                break
            worth = wallet + side * (size * closes[k] - cost)
            equity[k] = worth
            if worth >= peak:
                account.below = below
                note_fall(account, worth, time[i] + span)
                peak, floor, below = account.peak, account.floor, 0
            else:
                below = 1
                if worth < floor:
                    note_depth(account, worth)
                    floor = account.floor
            if i == next_wish:
                if wishes.flags[wish] & that_matter != 0:
                    pending, end = wish, i + 1
                wish += 1
                next_wish = wished_at[wish] if wish < len(wished_at) else count
                if pending >= 0:
                    break
        i = end
        if i > row:
            seat.last_row = i - 1
            seat.candles += i - row
            seat.mark = closes[i - 1]
            account.moments_held += i - row
            account.below = below
            revalue(account, seat)
        if i < count and pending < 0:
            now = time[i] + span
            seat.last_row = i
            seat.candles += 1
            account.moments_held += 1
            here = Here(account, seat, terms, plan, sizing, limits, trades[account.closed])
            if len(finer.first) > 0 and finer.first[i] < finer.end[i]:
                follow_moves(here, finer, finer.first[i], finer.end[i], now)
            else:
                follow_move(here, time[i], now, opens[i], highs[i], lows[i], closes[i])
            seat.mark = closes[i]
            revalue(account, seat)
            equity[i] = account.wallet + account.gain
            note_fall(account, equity[i], now)
            if i == next_wish:
                pending = wish
                wish += 1
            i += 1
        row = i
    # How long a fall lasts was noted only where it ended.
    note_fall(account, account.wallet + account.gain, time[count - 1] + span)
    put_back(memory.account[0], account)
    put_back(memory.held[0], seat)
    return count


def from_front(row: int) -> np.uint64:
    """Return *row* as a place that cannot be one counted from the end: machine code asks else."""
    return np.uint64(row)
