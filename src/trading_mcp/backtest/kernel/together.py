"""The candles of all markets, one moment after the other: each open, inside, and the closes."""

from trading_mcp.backtest.kernel.layout import Bars, Finer, Funding, Here, Memory, Wished, Wishes
from trading_mcp.backtest.kernel.leaving import follow_move
from trading_mcp.backtest.kernel.steps import act_at_open, follow_moves, value
from trading_mcp.backtest.kernel.watching import note_equity


def run_together(bars: Bars, wishes: Wishes, finer: Finer, funding: Funding, memory: Memory) -> int:
    """Run over all candles; return how many moments there were, each with its equity.

    All that is looked up in columns is looked up here: to hand a column on costs more than what is
    done with one number of it. What is done stands in functions that take numbers and records.
    """
    account, held, terms, trades = memory.account[0], memory.held, memory.terms, memory.trades
    plan, sizing, limits, equity = memory.plan[0], memory.sizing[0], memory.limits[0], memory.equity
    time, market, opens, closes = bars.time, bars.market, bars.open, bars.close
    row, moment, due, wish = 0, 0, 0, 0
    while row < len(time):
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
                        wishes.flags[k], wishes.strength[k], closes[wishes.row[k]], wishes.atr[k]
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
    return moment
