"""Many runs over a single market, of each what its figures need: what a search does.

A run goes by the same steps as in `kernel.alone`, and comes to the same to the bit, but visits few
candles. What no one will ask for is not written down, such as the equity after each. Where
something may happen next is looked up in tables that all runs share.
"""

from typing import NamedTuple

from trading_mcp.backtest.kernel.alone import from_front
from trading_mcp.backtest.kernel.layout import (
    END_OF_DATA,
    ENTER_LONG,
    ENTER_SHORT,
    EXIT_LONG,
    EXIT_SHORT,
    Bars,
    Here,
    Record,
    Table,
    Whole,
    Wished,
    Wishes,
)
from trading_mcp.backtest.kernel.leaving import follow_move, leave_at_market
from trading_mcp.backtest.kernel.primitives import put_back, taken
from trading_mcp.backtest.kernel.steps import act_at_open
from trading_mcp.backtest.kernel.watching import note_fall
from trading_mcp.domain.candles import Column
from trading_mcp.portfolio.ratios import moments
from trading_mcp.rules.exits import time_is_up

BLOCK = 8
"""Candles in a block: a power of 2."""
STRETCH = 4096
"""So many candles, in all their columns, are still near when the next run comes to them."""


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
    """The records of the runs: a *plan*, an *account*, a *seat* and a *place* each, the rest for
    all of them.

    *daily* has the equity of each run at the end of each day, and then its return of that day;
    *daily_moments* a row for each, of `ratios.moments`. *trade* is overwritten by each.
    """

    plan: Record
    account: Record
    seat: Record
    place: Record
    daily: Table
    daily_moments: Table
    sizing: Record
    limits: Record
    terms: Record
    trade: Record


def run_many(
    bars: Bars, wishes: Wishes, reach: Reach, ahead: Ahead, runs: Runs, stretch: int
) -> None:
    """Make all runs side by side: each goes over a *stretch* of candles while these are near.

    *ahead* is filled in before.
    """
    look_ahead(wishes, ahead)
    count, until = len(bars.time), 0
    while until < count:
        until = min(until + stretch, count)
        for n in range(len(runs.plan)):
            here = Here(
                taken(runs.account[n]),
                taken(runs.seat[n]),
                taken(runs.terms[0]),
                taken(runs.plan[n]),
                taken(runs.sizing[0]),
                taken(runs.limits[0]),
                taken(runs.trade[0]),
            )
            place = taken(runs.place[n])
            leap(bars, wishes, reach, ahead, here, place, until, runs.daily[n])
            put_back(runs.account[n], here.account)
            put_back(runs.seat[n], here.seat)
            put_back(runs.place[n], place)
    for n in range(len(runs.plan)):
        days = to_returns(runs.daily[n], runs.place[n].capital)
        mean, variance, below = moments(runs.daily[n][:days], 0.0)
        runs.daily_moments[n, 0] = mean
        runs.daily_moments[n, 1] = variance
        runs.daily_moments[n, 2] = below


def look_ahead(wishes: Wishes, ahead: Ahead) -> None:
    """Fill in where the next wish of each kind is."""
    count = len(wishes.row)
    entry = leave_long = leave_short = count
    for wish in range(count, -1, -1):
        flags = wishes.flags[wish] if wish < count else 0
        entry = wish if flags & (ENTER_LONG | ENTER_SHORT) else entry
        leave_long = wish if flags & EXIT_LONG else leave_long
        leave_short = wish if flags & EXIT_SHORT else leave_short
        ahead.entry[wish] = entry
        ahead.leave_long[wish] = leave_long
        ahead.leave_short[wish] = leave_short


def leap(  # noqa: PLR0912, PLR0915 - as in `kernel.alone`: columns are not handed on
    bars: Bars,
    wishes: Wishes,
    reach: Reach,
    ahead: Ahead,
    here: Here,
    place: Record,
    until: int,
    daily: Column,
) -> None:
    """Run on from *place* to row *until* or beyond; write the equity at the end of each day."""
    account, seat, plan, span = here.account, here.seat, here.plan, here.terms.span
    time, opens, highs, lows, closes = bars.time, bars.open, bars.high, bars.low, bars.close
    wished_at, day_end, count = wishes.row, reach.day_end, len(time)
    wish_count, days = len(wished_at), len(day_end)
    row, wish, day = place.row, place.wish, place.day
    while row < until:
        seat.last_row = row
        wish = wish_from(wished_at, wish, row - 1)
        is_wished = wish < wish_count and wished_at[from_front(wish)] == row - 1
        if is_wished or (seat.side != 0 and time_is_up(seat.candles, plan.max_candles)):
            wished = Wished(0, 0.0, 0.0, 0.0)
            if is_wished:
                at = from_front(wish)
                wished = Wished(
                    wishes.flags[at],
                    wishes.strength[at],
                    closes[from_front(row - 1)],
                    wishes.atr[at],
                )
                wish += 1
            act_at_open(here, wished, (0.0, 0.0), opens[from_front(row)], time[from_front(row)])
        side, wallet = seat.side, account.wallet
        if side == 0:
            due = ahead.entry[from_front(wish)]
            end = wished_at[from_front(due)] + 1 if due < wish_count else count
            note_fall(account, wallet, time[from_front(row)] + span)
            note_fall(account, wallet, time[from_front(end - 1)] + span)
            while day < days and day_end[from_front(day)] < end:
                daily[day] = wallet
                day += 1
            row = end
            continue
        at = from_front(wish)
        due = ahead.leave_long[at] if side > 0 else ahead.leave_short[at]
        end = wished_at[from_front(due)] + 1 if due < wish_count else count
        if plan.max_candles > 0:
            end = min(end, row + plan.max_candles - seat.candles)
        size, cost, lowest, highest = seat.size, seat.cost, seat.lowest, seat.highest
        i = first_reached(lows, highs, reach, row, end, lowest, highest)
        may_fall, least = False, 0.0
        if i > row:
            seat.last_row = i - 1
            seat.candles += i - row
            seat.mark = closes[from_front(i - 1)]
            account.moments_held += i - row
            # Where no exit is reached no close is: the equity stays within what it is at these.
            most = wallet + side * (size * (highest if side > 0 else lowest) - cost)
            least = wallet + side * (size * (lowest if side > 0 else highest) - cost)
            if most < account.peak:
                account.below = 1
                may_fall = least < account.floor
            else:
                note_closes(account, seat, closes, time, row, i, span)
            while day < days and day_end[from_front(day)] < i:
                daily[day] = wallet + side * (size * closes[day_end[day]] - cost)
                day += 1
        row, first = i, row
        if row < end:
            seat.last_row = row
            seat.candles += 1
            account.moments_held += 1
            at = from_front(row)
            now = time[at] + span
            follow_move(here, time[at], now, opens[at], highs[at], lows[at], closes[at])
            seat.mark = closes[at]
            row += 1
        worth = account.wallet
        if seat.side != 0:
            worth += side * (size * seat.mark - cost)
        now = time[from_front(row - 1)] + span
        if may_fall and worth > least:
            worst = worst_close(closes, first, i, side)
            note_fall(account, wallet + side * (size * worst - cost), now)
        note_fall(account, worth, now)
        while day < days and day_end[from_front(day)] < row:
            daily[day] = worth
            day += 1
    place.row = row
    place.wish = wish
    place.day = day
    if row == count and seat.side != 0:
        last = count - 1
        leave_at_market(here, closes[last], END_OF_DATA, time[last], time[last] + span)
        daily[days - 1] = account.wallet
        note_fall(account, account.wallet, account.peak_at)


def wish_from(wished_at: Whole, wish: int, row: int) -> int:
    """Return the first wish from *wish* on that was made at *row* or later.

    Four are counted at a time: most often it is among them, and which is not guessed.
    """
    count = len(wished_at)
    while wish + 4 <= count:
        passed = 0
        for k in range(4):
            passed += wished_at[from_front(wish + k)] < row
        wish += passed
        if passed < 4:
            return wish
    while wish < count and wished_at[from_front(wish)] < row:
        wish += 1
    return wish


def first_reached(
    lows: Column, highs: Column, reach: Reach, row: int, end: int, lowest: float, highest: float
) -> int:
    """Return the first row from *row* on that reaches *lowest* or *highest*; *end*: none before."""
    block_low, block_high, blocks = reach.low, reach.high, len(reach.low)
    while row < end:
        block = row // BLOCK + 1
        for i in range(row, min(end, block * BLOCK)):
            at = from_front(i)
            if lows[at] <= lowest or highs[at] >= highest:
                return i
        while (
            block < blocks
            and block * BLOCK < end
            and block_low[from_front(block)] > lowest
            and block_high[from_front(block)] < highest
        ):
            block += 1
        row = block * BLOCK
    return end


def worst_close(closes: Column, first: int, end: int, side: int) -> float:
    """Return the close from row *first* up to *end* that is worst for *side*."""
    # In four heaps, since each comparison has to wait for the one before it.
    one = two = three = four = side * closes[first]
    i = first
    while i + 4 <= end:
        one = min(one, side * closes[from_front(i)])
        two = min(two, side * closes[from_front(i + 1)])
        three = min(three, side * closes[from_front(i + 2)])
        four = min(four, side * closes[from_front(i + 3)])
        i += 4
    while i < end:
        one = min(one, side * closes[from_front(i)])
        i += 1
    return float(side * min(one, two, three, four))


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
