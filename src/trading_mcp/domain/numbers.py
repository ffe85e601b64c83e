"""Exact numbers: reading them from outside, and putting them on a grid."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from functools import lru_cache

EXACT = Context(prec=60)
"""Wide enough that no product or sum of two numbers accepted here is ever rounded."""
ZERO = Decimal(0)
_LONGEST, _WIDEST = 40, 18


def exact(value: Decimal | float | str) -> Decimal:
    """Read a number from outside as an exact, finite, reasonably sized Decimal.

    A float means the shortest decimal that prints as it. Text must be plain ASCII digits.

    Raises:
        ValueError: not a number, not finite, or more than 40 digits or 18 powers of ten wide.
    """
    if isinstance(value, bool):
        raise ValueError(f"expected a number, got {value}")
    text = str(value)
    if isinstance(value, str) and (not text.isascii() or "_" in text or text != text.strip()):
        raise ValueError(f"expected plain digits, got {text[:_LONGEST]!r}")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"expected a number, got {text[:_LONGEST]!r}") from None
    if not number.is_finite():
        raise ValueError(f"expected a finite number, got {text}")
    if len(number.as_tuple().digits) > _LONGEST or abs(number.adjusted()) > _WIDEST:
        raise ValueError(f"number out of range: {text[:_LONGEST]}")
    return number


def down_to(value: Decimal, grid: Decimal) -> Decimal:
    """Return the largest multiple of *grid* that is not above *value*."""
    return _on_grid(value, grid, ROUND_FLOOR)


def up_to(value: Decimal, grid: Decimal) -> Decimal:
    """Return the smallest multiple of *grid* that is not below *value*."""
    return _on_grid(value, grid, ROUND_CEILING)


def nearest(value: Decimal, grid: Decimal) -> Decimal:
    """Return the multiple of *grid* nearest to *value*; of two, the even one."""
    return _on_grid(value, grid, ROUND_HALF_EVEN)


@lru_cache
def floats_of(grid: Decimal | None) -> tuple[float, float]:
    """Return *grid* as units and scale, such as 5 and 10000 for 0.0005; (0, 1) for none.

    These are what `rules.grid` takes.
    """
    if not grid:
        return 0.0, 1.0
    units, scale = grid.as_integer_ratio()
    power = 1
    while power % scale:
        power *= 10
    return float(units * (power // scale)), float(power)


def _on_grid(value: Decimal, grid: Decimal, rounding: str) -> Decimal:
    steps = EXACT.divide(value, grid).to_integral_value(rounding=rounding)
    return EXACT.multiply(steps, grid).quantize(grid, context=EXACT)
