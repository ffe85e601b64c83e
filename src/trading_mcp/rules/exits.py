"""When and at what price a position is left, and how its stop follows the market."""

from trading_mcp.rules.grid import nearest

NONE, STOP, TARGET = 0, 1, 2
TRAILING, BREAKEVEN = 1, 2
"""How a stop followed the price."""


def level(side: int, entry: float, percent: float) -> float:
    """Return the price *percent* in the position's favour from *entry* (negative: against)."""
    return entry * (1.0 + side * percent / 100.0)


def exit_hit(
    side: int, open_: float, high: float, low: float, stop: float, target: float
) -> tuple[int, float]:
    """Return what a candle (or a tick: all three prices equal) hits, and the price it gives.

    When one candle reaches both, the stop is taken: the order inside a candle is not known, and
    the worse must be assumed. A candle that opens beyond a level gives its open, not the level.
    """
    if side > 0:
        if stop > 0.0 and low <= stop:
            return STOP, min(open_, stop)
        if target > 0.0 and high >= target:
            return TARGET, max(open_, target)
    else:
        if stop > 0.0 and high >= stop:
            return STOP, max(open_, stop)
        if target > 0.0 and low <= target:
            return TARGET, min(open_, target)
    return NONE, 0.0


def is_tighter(side: int, stop: float, than: float) -> bool:
    """Say whether *stop* protects more than *than* (0: no stop at all)."""
    if stop <= 0.0:
        return False
    return than <= 0.0 or (stop - than) * side > 0.0


def best_price(side: int, high: float, low: float) -> float:
    """Return the price of a candle that favours the position most."""
    return high if side > 0 else low


def trailed_stop(side: int, stop: float, best: float, distance_pct: float) -> float:
    """Return the stop after the price reached *best*: *distance_pct* behind, never wider."""
    if distance_pct <= 0.0:
        return stop
    behind = level(side, best, -distance_pct)
    return behind if is_tighter(side, behind, stop) else stop


def breakeven_price(side: int, entry: float, fee: float) -> float:
    """Return the price at which leaving pays for both fees (*fee* is a fraction a side)."""
    return entry * (1.0 + side * 2.0 * fee)


def breakeven_stop(
    side: int, stop: float, entry: float, best: float, trigger_pct: float, fee: float
) -> float:
    """Return the stop once the gain at *best* has reached *trigger_pct*: at break-even."""
    if trigger_pct <= 0.0 or (best - level(side, entry, trigger_pct)) * side < 0.0:
        return stop
    even = breakeven_price(side, entry, fee)
    # A stop beyond the market would close at once: wait until the gain covers the fees.
    if (best - even) * side <= 0.0 or not is_tighter(side, even, stop):
        return stop
    return even


def is_protective(side: int, stop: float, price: float) -> bool:
    """Say whether *stop* lies on the losing side of *price*, as a stop must."""
    return stop > 0.0 and (price - stop) * side > 0.0


def followed_stop(
    side: int,
    stop: float,
    entry: float,
    best: float,
    last: float,
    breakeven_pct: float,
    trailing_pct: float,
    fee: float,
    tick_units: float,
    tick_scale: float,
) -> tuple[int, float]:
    """Return how the stop followed a move that reached *best* and ended at *last*, and the stop.

    The stop is put on the nearest tick. `NONE`: it stays, also where the move has passed the new
    one again by its end, since that would not be a stop, but an exit.
    """
    even = breakeven_stop(side, stop, entry, best, breakeven_pct, fee)
    moved = trailed_stop(side, even, best, trailing_pct)
    on_tick = nearest(moved, tick_units, tick_scale)
    if stop in (moved, on_tick) or not is_protective(side, on_tick, last):
        return NONE, stop
    return BREAKEVEN if moved == even else TRAILING, on_tick


def time_is_up(candles: int, most: int) -> bool:
    """Say whether a position has been held for *most* candles, its first one included (0: any)."""
    return 0 < most <= candles
