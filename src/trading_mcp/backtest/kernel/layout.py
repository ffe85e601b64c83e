"""What the loop reads, and the records that it remembers in and writes to."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading_mcp.domain.candles import Column

Record = Any
"""One record of an array: its fields are attributes. Handed on it is a pointer, so it costs nothing
where an array, or a tuple of them, would be copied and counted."""
Whole = NDArray[np.int64]
Table = NDArray[np.float64]
"""Of two dimensions."""

ENTER_LONG, EXIT_LONG, ENTER_SHORT, EXIT_SHORT = 1, 2, 4, 8
"""The bits of `Wishes.flags`."""

STOP_LOSS, TRAILING_STOP, BREAKEVEN, TAKE_PROFIT = 0, 1, 2, 3
EXIT_SIGNAL, TIME_LIMIT, LIQUIDATION, END_OF_DATA = 4, 5, 6, 7
REASONS = (
    "stop_loss",
    "trailing_stop",
    "breakeven",
    "take_profit",
    "exit_signal",
    "time_limit",
    "liquidation",
    "end_of_data",
)
"""Why a position was left; the first three are the kinds of a stop, as `rules.exits` has them."""


class Bars(NamedTuple):
    """The candles of all markets, by time and then by market; *market* is an index."""

    time: Whole
    market: NDArray[np.uint16]
    open: Column
    high: Column
    low: Column
    close: Column


class Wishes(NamedTuple):
    """What was wished for once the candle of *row* had closed, in the order of rows.

    *flags* are bits. *atr* is of that candle.
    """

    row: Whole
    flags: Whole
    strength: Column
    atr: Column


class Wished(NamedTuple):
    """One of the wishes; no flags: none. *close* and *atr* are of its candle."""

    flags: int
    strength: float
    close: float
    atr: float


class Finer(NamedTuple):
    """Smaller candles: those of row i are *first*[i] up to *end*[i]. Empty: there are none."""

    first: Whole
    end: Whole
    time: Whole
    open: Column
    high: Column
    low: Column
    close: Column


class Funding(NamedTuple):
    """Settlements, by the row in whose candle they are: the rates due at its open, and later."""

    row: Whole
    opening: Column
    inside: Column


class Memory(NamedTuple):
    """What the loop works on: records of the settings, of each market, and of the account.

    *trades* has room for every entry that may be wished for and one more, *equity* for every
    moment.
    """

    plan: Record
    sizing: Record
    limits: Record
    terms: Record
    held: Record
    account: Record
    trades: Record
    equity: Column


class Here(NamedTuple):
    """The records that concern one market: what a step of the loop is handed."""

    account: Record
    seat: Record
    terms: Record
    plan: Record
    sizing: Record
    limits: Record
    trade: Record


PLAN = np.dtype(
    [
        ("stop_loss_pct", "f8"),
        ("take_profit_pct", "f8"),
        ("trailing_pct", "f8"),
        ("breakeven_pct", "f8"),
        ("max_candles", "i8"),
    ]
)
"""How positions are left, in percent of the entry price; 0: not so."""

SIZING = np.dtype(
    [
        ("by_risk", "i8"),
        ("percent", "f8"),
        ("risk_pct", "f8"),
        ("size_factor", "f8"),
        ("kelly_fraction", "f8"),
        ("multiplier", "f8"),
        ("stop_pct", "f8"),
    ]
)
"""How much an entry is: by the risk at its stop, or *percent* of the equity as its margin.

*stop_pct* is the stop of a plan without one; *multiplier* is of the average true range.
"""

LIMITS = np.dtype(
    [
        ("max_position", "f8"),
        ("max_exposure", "f8"),
        ("max_open", "i8"),
        ("threshold", "f8"),
        ("max_losses", "i8"),
        ("cooldown_ms", "i8"),
        ("watched", "i8"),
        ("daily_loss", "f8"),
        ("day_fall_pct", "f8"),
        ("week_fall_pct", "f8"),
        ("month_fall_pct", "f8"),
    ]
)
"""What entries are held to; infinity: not at all. *watched*: the last four are looked at."""

TERMS = np.dtype(
    [
        ("market", "i8"),
        ("span", "i8"),
        ("tick_units", "f8"),
        ("tick_scale", "f8"),
        ("step_units", "f8"),
        ("step_scale", "f8"),
        ("min_amount", "f8"),
        ("min_notional", "f8"),
        ("room", "f8"),
        ("maker_fee", "f8"),
        ("taker_fee", "f8"),
        ("spread", "f8"),
        ("slippage", "f8"),
        ("leverage", "f8"),
        ("maintenance", "f8"),
        ("can_short", "i8"),
        ("liquidates", "i8"),
        ("target_rests", "i8"),
    ]
)
"""What a market, by its index, charges and takes. Fees, spread and slippage are fractions; *span*
is ms a candle; *room* is how many times the minimum an entry must be."""

HELD = np.dtype(
    [
        ("side", "i8"),
        ("size", "f8"),
        ("entry_price", "f8"),
        ("cost", "f8"),
        ("margin", "f8"),
        ("stop", "f8"),
        ("stop_kind", "i8"),
        ("target", "f8"),
        ("liquidation", "f8"),
        ("lowest", "f8"),
        ("highest", "f8"),
        ("entry_row", "i8"),
        ("candles", "i8"),
        ("fees", "f8"),
        ("funding", "f8"),
        ("mark", "f8"),
        ("last_row", "i8"),
        ("wish", "i8"),
    ]
)
"""What is held in a market; a side of 0 is nothing. *mark* is the last close, *last_row* the row of
the last candle, and *wish* that of what was wished for after it in `Wishes`; -1: there is none.
Between *lowest* and *highest* no exit is reached."""

ACCOUNT = np.dtype(
    [
        ("wallet", "f8"),
        ("tied", "f8"),
        ("gain", "f8"),
        ("exposure", "f8"),
        ("open", "i8"),
        ("closed", "i8"),
        ("wins", "i8"),
        ("losses", "i8"),
        ("won", "f8"),
        ("lost", "f8"),
        ("profit", "f8"),
        ("best", "f8"),
        ("worst", "f8"),
        ("percents", "f8"),
        ("before_fees", "f8"),
        ("longs", "i8"),
        ("candles", "i8"),
        ("fees", "f8"),
        ("funding", "f8"),
        ("traded", "f8"),
        ("peak", "f8"),
        ("floor", "f8"),
        ("deepest", "f8"),
        ("peak_at", "i8"),
        ("below", "i8"),
        ("longest_ms", "i8"),
        ("moments_held", "i8"),
        ("streak", "i8"),
        ("paused", "i8"),
        ("paused_until", "i8"),
        ("day_paused_until", "i8"),
        ("killed_at", "i8"),
        ("day", "i8"),
        ("week", "i8"),
        ("month", "i8"),
        ("day_equity", "f8"),
        ("week_equity", "f8"),
        ("month_equity", "f8"),
        ("blocked_paused", "i8"),
        ("blocked_full", "i8"),
        ("blocked_weak", "i8"),
        ("blocked_small", "i8"),
        ("blocked_short", "i8"),
    ]
)
"""The account. *wallet* is what is realized, *tied* the margins of what is held, *gain* what that
has gained at the last closes and *exposure* its notional there (quote).

From *closed* to *candles*: of what was closed. *won*, *lost* (positive), *profit*, *best* and
*worst* are quote after all costs; *before_fees* is what the winners had made before theirs;
*percents* adds up the profits in percent of what was entered, and *candles* for how many of them.

*deepest* is the deepest fall from a peak of the equity, a fraction of it, and *floor* the equity at
which it would become deeper; *below*: the equity is below its peak, and *longest_ms* is how long
it took at most to come back to one, or has taken so far. *killed_at* is 0 until a drawdown has
ended all entries. *blocked_...* count entries that were wished for and not made, by what stood
against them.
"""

PLACE = np.dtype([("row", "i8"), ("wish", "i8"), ("day", "i8"), ("capital", "f8")])
"""Where a run is that goes on later: the next row, wish and day, and what it began with."""

TRADE = np.dtype(
    [
        ("market", "i8"),
        ("side", "i8"),
        ("amount", "f8"),
        ("entry_row", "i8"),
        ("entry_price", "f8"),
        ("exit_row", "i8"),
        ("exit_at", "i8"),
        ("exit_price", "f8"),
        ("reason", "i8"),
        ("candles", "i8"),
        ("pnl", "f8"),
        ("fees", "f8"),
        ("funding", "f8"),
    ]
)
"""A position that was opened and left. *pnl* is after fees and funding; *exit_at* is when the
candle opened in which it was left, a smaller one where there are such."""
