"""What happens to a market at an open, inside a candle and at a close: on numbers and records."""

from trading_mcp.backtest.kernel.entering import enter, is_allowed
from trading_mcp.backtest.kernel.layout import (
    ENTER_LONG,
    ENTER_SHORT,
    EXIT_LONG,
    EXIT_SHORT,
    Finer,
    Here,
    Record,
    Wished,
)
from trading_mcp.backtest.kernel.leaving import follow_move, leave_as_wished
from trading_mcp.rules.costs import funding_received


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


def revalue(account: Record, seat: Record) -> None:
    """Do as `value` does where *seat* is all there is."""
    if account.open != 0:
        account.gain = 0.0 + seat.side * (seat.size * seat.mark - seat.cost)
        account.exposure = 0.0 + seat.size * seat.mark
