"""Many runs over a single market, of each what its figures need: what a search does.

A run goes by the same steps as in `kernel.alone`, and comes to the same to the bit, but visits few
candles. What no one will ask for is not written down, such as the equity after each. Where
something may happen next is looked up in tables that all runs share.
"""

from typing import NamedTuple

from trading_mcp.backtest.kernel.alone import from_front
from trading_mcp.backtest.kernel.layout import (
    END_OF_DATA,
    Bars,
    Here,
    Record,
    Whole,
    Wished,
    Wishes,
)
from trading_mcp.backtest.kernel.leaving import follow_move, leave_at_market
from trading_mcp.backtest.kernel.steps import act_at_open
from trading_mcp.backtest.kernel.watching import note_fall
from trading_mcp.domain.candles import Column
from trading_mcp.portfolio.ratios import moments
from trading_mcp.rules.exits import time_is_up

BLOCK = 8
"""Candles in a block: a power of 2."""


class Reach(NamedTuple):
    """How far the candles of each whole block reach, and the last row of each UTC day."""

    low: Column
    high: Column
    day_end: Whole


class Ahead(NamedTuple):
    """For each wish, and the place after the last, the next one from there on that enters, or that
    leaves a side; the place after the last: there is none."""

    entry: Whole
    leave_long: Whole
    leave_short: Whole


class Runs(NamedTuple):
    """The records of the runs: a *plan*, an *account* and a *seat* each, the rest for all of them.

    *daily_moments* has a row for each, of `ratios.moments`; *trade* and *daily*, which has room for
    every day, are overwritten by each.
    """

    plan: Record
    account: Record
    seat: Record
    daily_moments: Column
    sizing: Record
    limits: Record
    terms: Record
    trade: Record
    daily: Column


def run_many(bars: Bars, wishes: Wishes, reach: Reach, ahead: Ahead, runs: Runs) -> None:
    """Make all runs, one after the other."""
    for n in range(len(runs.plan)):
        here = Here(
            runs.account[n],
            runs.seat[n],
            runs.terms[0],
            runs.plan[n],
            runs.sizing[0],
            runs.limits[0],
            runs.trade[0],
        )
        capital = here.account.wallet
        leap(bars, wishes, reach, ahead, here, runs.daily)
        count = to_returns(runs.daily, capital)
        mean, variance, below = moments(runs.daily[:count], 0.0)
        runs.daily_moments[n, 0] = mean
        runs.daily_moments[n, 1] = variance
        runs.daily_moments[n, 2] = below


def leap(  # noqa: PLR0912, PLR0915 - as in `kernel.alone`: columns are not handed on
    bars: Bars, wishes: Wishes, reach: Reach, ahead: Ahead, here: Here, daily: Column
) -> None:
    """Run over all candles; write the equity at the end of each day to *daily*."""
    account, seat, plan, span = here.account, here.seat, here.plan, here.terms.span
    time, opens, highs, lows, closes = bars.time, bars.open, bars.high, bars.low, bars.close
    wished_at, day_end, block_low, block_high = wishes.row, reach.day_end, reach.low, reach.high
    count, wish_count, blocks, days = len(time), len(wished_at), len(block_low), len(day_end)
    row, wish, day = 0, 0, 0
    while row < count:
        seat.last_row = row
        while wish < wish_count and wished_at[wish] < row - 1:
            wish += 1
        is_wished = wish < wish_count and wished_at[wish] == row - 1
        if is_wished or (seat.side != 0 and time_is_up(seat.candles, plan.max_candles)):
            wished = Wished(0, 0.0, 0.0, 0.0)
            if is_wished:
                wished = Wished(
                    wishes.flags[wish], wishes.strength[wish], closes[row - 1], wishes.atr[wish]
                )
                wish += 1
            act_at_open(here, wished, (0.0, 0.0), opens[row], time[row])
        side, wallet = seat.side, account.wallet
        if side == 0:
            due = ahead.entry[wish]
            end = wished_at[due] + 1 if due < wish_count else count
            note_fall(account, wallet, time[row] + span)
            note_fall(account, wallet, time[end - 1] + span)
            while day < days and day_end[day] < end:
                daily[day] = wallet
                day += 1
            row = end
            continue
        due = ahead.leave_long[wish] if side > 0 else ahead.leave_short[wish]
        end = wished_at[due] + 1 if due < wish_count else count
        if plan.max_candles > 0:
            end = min(end, row + plan.max_candles - seat.candles)
        size, cost, lowest, highest = seat.size, seat.cost, seat.lowest, seat.highest
        # A block is looked at whole: to ask after each candle would be guessed wrong too often.
        i, hit = row, 0
        while hit == 0 and i < end:
            if i + BLOCK > count:
                while i < end and lows[i] > lowest and highs[i] < highest:
                    i += 1
                break
            hit = BLOCK
            for k in range(BLOCK - 1, -1, -1):
                at = from_front(i + k)
                hit = k if (lows[at] <= lowest) | (highs[at] >= highest) else hit
            if hit < BLOCK:
                i += hit
                break
            hit, block = 0, i // BLOCK + 1
            while (
                block < blocks
                and block * BLOCK < end
                and (block_low[from_front(block)] > lowest)
                and (block_high[from_front(block)] < highest)
            ):
                block += 1
            i = block * BLOCK
        i = min(i, end)
        may_fall, least = False, 0.0
        if i > row:
            seat.last_row = i - 1
            seat.candles += i - row
            seat.mark = closes[i - 1]
            account.moments_held += i - row
            # Where no exit is reached no close is: the equity stays within what it is at these.
            most = wallet + side * (size * (highest if side > 0 else lowest) - cost)
            least = wallet + side * (size * (lowest if side > 0 else highest) - cost)
            if most < account.peak:
                account.below = 1
                may_fall = least < account.floor
            else:
                note_closes(account, seat, closes, time, row, i, span)
            while day < days and day_end[day] < i:
                daily[day] = wallet + side * (size * closes[day_end[day]] - cost)
                day += 1
        row, first = i, row
        if row < end:
            seat.last_row = row
            seat.candles += 1
            account.moments_held += 1
            now = time[row] + span
            follow_move(here, time[row], now, opens[row], highs[row], lows[row], closes[row])
            seat.mark = closes[row]
            row += 1
        worth = account.wallet
        if seat.side != 0:
            worth += side * (size * seat.mark - cost)
        now = time[row - 1] + span
        if may_fall and worth > least:
            worst = worst_close(closes, first, i, side)
            note_fall(account, wallet + side * (size * worst - cost), now)
        note_fall(account, worth, now)
        while day < days and day_end[day] < row:
            daily[day] = worth
            day += 1
    if seat.side != 0:
        last = count - 1
        leave_at_market(here, closes[last], END_OF_DATA, time[last], time[last] + span)
        daily[days - 1] = account.wallet
        note_fall(account, account.wallet, account.peak_at)


def worst_close(closes: Column, first: int, end: int, side: int) -> float:
    """Return the close from row *first* up to *end* that is worst for *side*."""
    worst = closes[first]
    for i in range(first + 1, end):
        close = closes[from_front(i)]
        worst = min(worst, close) if side > 0 else max(worst, close)
    return float(worst)


def note_closes(
    account: Record, seat: Record, closes: Column, time: Whole, first: int, end: int, span: int
) -> None:
    """Note the equity at each close from row *first* up to *end*, with what is held there."""
    for i in range(first, end):
        worth = account.wallet + seat.side * (seat.size * closes[i] - seat.cost)
        note_fall(account, worth, time[i] + span)


def to_returns(daily: Column, capital: float) -> int:
    """Make each day's equity its return; tell of how many: none, once the equity was lost."""
    before = capital
    for day in range(len(daily)):
        equity = daily[day]
        if not equity > 0.0:
            return 0
        daily[day] = equity / before - 1.0
        before = equity
    return len(daily)
