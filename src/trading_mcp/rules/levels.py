"""Where a stop and a target are put: from how much the market moves, and from what is risked."""


def stop_by_range(side: int, entry: float, average_range: float, multiplier: float) -> float:
    """Return the stop that lies *multiplier* average true ranges on the losing side of *entry*.

        stop = entry - side * multiplier * ATR

    The distance is Wilder's volatility stop (New Concepts in Technical Trading Systems, 1978),
    measured from the entry. It can come out at or below zero: the caller must refuse that.
    """
    return entry - side * multiplier * average_range


def target_by_ratio(entry: float, stop: float, ratio: float) -> float:
    """Return the target whose reward is *ratio* times what is risked between *entry* and *stop*.

        target = entry + ratio * (entry - stop)

    A stop below the entry gives a target above it, and the other way round.
    """
    return entry + ratio * (entry - stop)


def distance_pct(entry: float, level: float) -> float:
    """Return how far *level* lies from *entry*, in percent of the entry; 0 without an entry."""
    return abs(level - entry) / entry * 100.0 if entry > 0.0 else 0.0
