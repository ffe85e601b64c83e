"""A whole history: run over its candles, and what is still held at the end is left there."""

from trading_mcp.backtest.kernel.alone import is_left_alone, run_alone
from trading_mcp.backtest.kernel.layout import (
    END_OF_DATA,
    Bars,
    Finer,
    Funding,
    Here,
    Memory,
    Wishes,
)
from trading_mcp.backtest.kernel.leaving import leave_at_market
from trading_mcp.backtest.kernel.together import run_together
from trading_mcp.backtest.kernel.watching import note_fall


def run_history(bars: Bars, wishes: Wishes, finer: Finer, funding: Funding, memory: Memory) -> int:
    """Run over all candles; return how many moments there were, each with its equity."""
    account, held, terms, trades = memory.account[0], memory.held, memory.terms, memory.trades
    plan, sizing, limits, equity = memory.plan[0], memory.sizing[0], memory.limits[0], memory.equity
    if len(held) == 1 and len(funding.row) == 0 and is_left_alone(plan, limits):
        moments = run_alone(bars, wishes, finer, memory)
    else:
        moments = run_together(bars, wishes, finer, funding, memory)
    for m in range(len(held)):
        if held[m].side != 0:
            i = held[m].last_row
            here = Here(account, held[m], terms[m], plan, sizing, limits, trades[account.closed])
            left_at, closed_at = bars.time[i], bars.time[i] + here.terms.span
            leave_at_market(here, bars.close[i], END_OF_DATA, left_at, closed_at)
            equity[moments - 1] = account.wallet + account.gain
            note_fall(account, equity[moments - 1], account.peak_at)
    return moments
