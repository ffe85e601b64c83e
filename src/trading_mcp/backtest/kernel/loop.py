"""One pass over the candles of all markets: what happens at each open, inside, and at the close."""

from trading_mcp.backtest.kernel.entering import enter, is_allowed
from trading_mcp.backtest.kernel.layout import (
    END_OF_DATA,
    ENTER_LONG,
    ENTER_SHORT,
    EXIT_LONG,
    EXIT_SHORT,
    Bars,
    Finer,
    Funding,
    Here,
    Memory,
    Record,
    Wished,
    Wishes,
)
from trading_mcp.backtest.kernel.leaving import follow_move, leave_as_wished, leave_at_market
from trading_mcp.backtest.kernel.quiet import pass_over
from trading_mcp.backtest.kernel.watching import note_equity, note_fall
from trading_mcp.rules.costs import funding_received


def run_history(  # noqa: PLR0912, PLR0915 - see below: columns are not handed on
    bars: Bars, wishes: Wishes, finer: Finer, funding: Funding, memory: Memory
) -> int:
    """Run over all candles; return how many moments there were, each with its equity.

    All that is looked up in columns is looked up here: to hand a column on costs more than what is
    done with one number of it. What is done stands in functions that take numbers and records.
    """
    account, held, terms, trades = memory.account[0], memory.held, memory.terms, memory.trades
    plan, sizing, limits, equity = memory.plan[0], memory.sizing[0], memory.limits[0], memory.equity
    time, market, opens, closes = bars.time, bars.market, bars.open, bars.close
    may_skip = len(held) == 1 and len(funding.row) == 0 and is_left_alone(plan, limits)
    row, moment, due, wish = 0, 0, 0, 0
    while row < len(time):
        if may_skip and held[0].wish < 0:
            that_matter = flags_that_matter(held[0].side)
            ahead = wish
            while ahead < len(wishes.row) and wishes.flags[ahead] & that_matter == 0:
                ahead += 1
            end = wishes.row[ahead] + 1 if ahead < len(wishes.row) else len(time)
            end = pass_over(account, held[0], bars, equity, row, end, terms[0].span)
            while wish < len(wishes.row) and wishes.row[wish] < end:
                if wishes.row[wish] == end - 1:
                    held[0].wish = wish
                wish += 1
            moment += end - row
            row = end
            if row == len(time):
                break
        end, now = row + 1, time[row] + terms[market[row]].span
        while end < len(time) and time[end] == time[row]:
            end += 1
        for i in range(row, end):
            m = market[i]
            seat = held[m]
            seat.last_row = i
            is_due = due < len(funding.row) and funding.row[due] == i
            if is_due or seat.wish >= 0 or seat.side != 0:
                here = Here(account, seat, terms[m], plan, sizing, limits, trades[account.closed])
                rates = (funding.opening[due], funding.inside[due]) if is_due else (0.0, 0.0)
                k, wished = seat.wish, Wished(0, 0.0, 0.0, 0.0)
                if k >= 0:
                    wished = Wished(
                        wishes.flags[k], wishes.strength[k], wishes.close[k], wishes.atr[k]
                    )
                act_at_open(here, wished, rates, opens[i], time[i])
                due += is_due
                seat.wish = -1
        account.moments_held += account.open > 0
        for i in range(row, end):
            m = market[i]
            seat = held[m]
            if seat.side != 0:
                here = Here(account, seat, terms[m], plan, sizing, limits, trades[account.closed])
                seat.candles += 1
                if len(finer.first) > 0 and finer.first[i] < finer.end[i]:
                    follow_moves(here, finer, finer.first[i], finer.end[i], now)
                else:
                    prices = opens[i], bars.high[i], bars.low[i], closes[i]
                    follow_move(here, time[i], now, *prices)
                seat.mark = closes[i]
            if wish < len(wishes.row) and wishes.row[wish] == i:
                seat.wish = wish
                wish += 1
        value(account, held)
        equity[moment] = account.wallet + account.gain
        note_equity(account, limits, now)
        row = end
        moment += 1
    for m in range(len(held)):
        if held[m].side != 0:
            i = held[m].last_row
            here = Here(account, held[m], terms[m], plan, sizing, limits, trades[account.closed])
            leave_at_market(here, closes[i], END_OF_DATA, time[i], time[i] + here.terms.span)
            equity[moment - 1] = account.wallet + account.gain
            note_fall(account, equity[moment - 1], account.peak_at)
    return moment


def is_left_alone(plan: Record, limits: Record) -> bool:
    """Say whether nothing but prices and wishes can make anything happen."""
    return bool(limits.watched == 0 and plan.max_candles == 0)


def act_at_open(
    here: Here, wished: Wished, rates: tuple[float, float], price: float, at: int
) -> None:
    """Do at the open what was wished for when the market's last candle closed.

    *rates* are the funding due at the open, and later in the candle: who holds then pays.
    """
    opening, inside = rates
    settle(here.account, here.seat, price, opening)
    if here.seat.side != 0:
        leave_as_wished(here, wished.flags, price, at)
    side = wished_side(wished.flags)
    if side != 0 and here.seat.side == 0 and is_allowed(here, side, wished.strength, at):
        enter(here, side, price, wished.close, wished.atr)
        settle(here.account, here.seat, price, opening)
    settle(here.account, here.seat, price, inside)


def flags_that_matter(side: int) -> int:
    """Return which wishes can make anything happen where *side* is held."""
    if side == 0:
        return ENTER_LONG | ENTER_SHORT
    return EXIT_LONG if side > 0 else EXIT_SHORT


def wished_side(flags: int) -> int:
    """Return 1 for a wish to enter long, -1 for one to enter short, 0 for neither."""
    return 1 if flags & ENTER_LONG else -1 if flags & ENTER_SHORT else 0


def follow_moves(here: Here, finer: Finer, first: int, end: int, now: int) -> None:
    """Let smaller candles act on what is held, one after the other."""
    for k in range(first, end):
        if here.seat.side != 0:
            follow_move(
                here,
                finer.time[k],
                now,
                finer.open[k],
                finer.high[k],
                finer.low[k],
                finer.close[k],
            )


def settle(account: Record, seat: Record, mark: float, rate: float) -> None:
    """Pay or receive funding on what is held."""
    if seat.side == 0 or rate == 0.0:
        return
    received = funding_received(seat.side, seat.size, mark, rate)
    seat.funding += received
    account.wallet += received
    account.funding += received


def value(account: Record, held: Record) -> None:
    """Add up what is held at the last closes, anew: sums that are only moved would drift."""
    if account.open == 0:
        return
    gain, exposure = 0.0, 0.0
    for m in range(len(held)):
        seat = held[m]
        if seat.side != 0:
            gain += seat.side * (seat.size * seat.mark - seat.cost)
            exposure += seat.size * seat.mark
    account.gain = gain
    account.exposure = exposure
