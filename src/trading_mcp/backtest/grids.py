"""A market's tick or step as the two whole numbers that `rules.grid` takes."""

from decimal import Decimal


def floats_of(grid: Decimal | None) -> tuple[float, float]:
    """Return *grid* as units and scale, such as 5 and 10000 for 0.0005; (0, 1) for none."""
    if not grid:
        return 0.0, 1.0
    units, scale = grid.as_integer_ratio()
    power = 1
    while power % scale:
        power *= 10
    return float(units * (power // scale)), float(power)
