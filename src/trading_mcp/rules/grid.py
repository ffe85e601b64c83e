"""Prices and amounts on a market's grid, in floats: what `domain.numbers` does in decimals.

A grid is *units* / *scale*, two whole numbers: a tick of 0.0005 is 5 / 10000, a step of 10 is
10 / 1. A float stands for the shortest decimal that prints as it, as it does where live orders are
made. Both then come to the same multiple as long as that has 15 digits or less, because the float
next to a decimal of 15 digits is nobody else's. No units: no grid, and numbers stay as they are.
"""

import math

LARGEST = 2.0**50
"""From so many steps on, floats lie about as far apart as the grid's own points."""
_NOISE = 4.0 * 2.0**-52
_WHOLE = 2.0**53


def down_to(value: float, units: float, scale: float) -> float:
    """Return the largest multiple of the grid that is not above *value*."""
    steps = steps_below(value, units, scale)
    return value if math.isnan(steps) else steps * units / scale


def up_to(value: float, units: float, scale: float) -> float:
    """Return the smallest multiple of the grid that is not below *value*."""
    steps = steps_below(value, units, scale)
    if math.isnan(steps):
        return value
    below = steps * units / scale
    return below if below == value else (steps + 1.0) * units / scale


def nearest(value: float, units: float, scale: float) -> float:
    """Return the multiple of the grid nearest to *value*; of two, the even one."""
    steps = steps_below(value, units, scale)
    if math.isnan(steps):
        return value
    middle = (2.0 * steps + 1.0) * units / (2.0 * scale)
    if value > middle or (value == middle and steps % 2.0 == 1.0):
        steps += 1.0
    return steps * units / scale


def against(side: int, price: float, units: float, scale: float) -> float:
    """Put a price that is paid on the grid, never better than it was: a buy rounds up."""
    return up_to(price, units, scale) if side > 0 else down_to(price, units, scale)


def bought(
    worth: float,
    price: float,
    units: float,
    scale: float,
    tick_units: float,
    tick_scale: float,
) -> float:
    """Return how much *worth* buys at *price*, a price on the tick: on the grid, and never more.

    What so much costs is compared with *worth* in whole numbers, since a quotient of floats can end
    up on either side of a step: 0.3 / 0.1 is 3.
    """
    if price <= 0.0:
        return 0.0
    amount = worth / price
    steps = steps_below(amount * (1.0 + _NOISE), units, scale)
    if math.isnan(steps):
        return amount
    if cost_of(steps * units, scale, price, tick_units, tick_scale) > worth:
        steps -= 1.0
    return steps * units / scale


def cost_of(
    units: float, scale: float, price: float, tick_units: float, tick_scale: float
) -> float:
    """Return what *units* / *scale* costs at *price*: the float next to it, where that is known.

    It is for a price on a tick, as long as the product has no more digits than a float. Else the
    product is that of floats, with the two bits that this may be off in the buyer's favour.
    """
    if tick_units > 0.0:
        whole = units * math.floor(price * tick_scale / tick_units + 0.5) * tick_units
        if whole < _WHOLE:
            return whole / (scale * tick_scale)
    return units / scale * price * (1.0 - 0.5 * _NOISE)


def steps_below(value: float, units: float, scale: float) -> float:
    """Return how many steps the largest multiple not above *value* has; not a number: no grid."""
    if units <= 0.0:
        return math.nan
    steps = value * scale / units
    if not abs(steps) < LARGEST:
        return math.nan
    near = float(math.floor(steps + 0.5))
    return near if near * units / scale <= value else near - 1.0
