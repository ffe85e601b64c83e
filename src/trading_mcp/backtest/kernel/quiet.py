"""Stretches of a single market in which nothing happens: passed over at once, to the same effect.

They are what a history mostly consists of. Where it has several markets, funding, or something that
must be looked at after each candle, the loop takes one candle after the other.
"""

from trading_mcp.backtest.kernel.layout import Bars, Record
from trading_mcp.backtest.kernel.watching import note_fall
from trading_mcp.domain.candles import Column


def pass_over(
    account: Record, seat: Record, bars: Bars, equity: Column, row: int, end: int, span: int
) -> int:
    """Go from *row* as far as nothing happens, at most to *end*; return where that is."""
    if account.open == 0:
        stand_aside(account, equity, row, end, bars.time[end - 1] + span)
    else:
        end = hold_on(account, seat, bars, equity, row, end, span)
    seat.last_row = end - 1
    return end


def stand_aside(account: Record, equity: Column, row: int, end: int, closed_at: int) -> None:
    """Hold nothing from *row* up to *end*, whose last candle closes *closed_at*."""
    wallet = account.wallet
    for i in range(row, end):
        equity[i] = wallet
    note_fall(account, wallet, closed_at)


def hold_on(
    account: Record, seat: Record, bars: Bars, equity: Column, row: int, end: int, span: int
) -> int:
    """Hold from *row* on while no candle before *end* reaches an exit; return the row it stops at.

    The peak and the floor are looked at as they are in `note_fall`, without going to the record.
    """
    side, size, cost, lowest, highest = seat.side, seat.size, seat.cost, seat.lowest, seat.highest
    wallet, peak, floor, below = account.wallet, account.peak, account.floor, account.below
    i = row
    while i < end and bars.low[i] > lowest and bars.high[i] < highest:
        worth = wallet + side * (size * bars.close[i] - cost)
        equity[i] = worth
        if worth >= peak or worth < floor:
            account.below = below
            note_fall(account, worth, bars.time[i] + span)
            peak, floor, below = account.peak, account.floor, account.below
        elif worth < peak:
            below = 1
        i += 1
    if i > row:
        seat.candles += i - row
        seat.mark = bars.close[i - 1]
        account.moments_held += i - row
        account.exposure = size * seat.mark
        account.gain = side * (size * seat.mark - cost)
        account.below = below
        note_fall(account, wallet + account.gain, bars.time[i - 1] + span)
    return i
