"""What a leveraged position earns on its margin, and where it loses it."""


def liquidation_price(side: int, size: float, cost: float, margin: float, kept: float) -> float:
    """Return the mark at which a position with a margin of its own is liquidated; 0: at none.

    *cost* is what *size* was entered for and *margin* its collateral, both in quote; *kept* is the
    fraction of the notional that must remain: the maintenance margin (an exchange that sets the
    closing fee aside counts it in). Solved from

        margin + side * (size * price - cost) = kept * size * price

    which is the formula that KuCoin, OKX and Gate publish for isolated margin.
    """
    if size <= 0.0:
        return 0.0
    return max(0.0, (cost - side * margin) / (size * (1.0 - side * kept)))


def return_pct(profit: float, margin: float) -> float:
    """Return *profit* in percent of the *margin* that earned it ("return on equity"); 0 without."""
    return profit / margin * 100.0 if margin > 0.0 else 0.0


def bankruptcy_price(side: int, size: float, cost: float, margin: float) -> float:
    """Return the price at which the loss has used up the whole margin; 0: at none."""
    return liquidation_price(side, size, cost, margin, 0.0)


def is_reached_first(side: int, open_: float, level: float, other: float) -> bool:
    """Say whether a price that falls (for a short: rises) from *open_* meets *level* before
    *other*. Both count as met when the open is beyond both: then the first one asked for is.

    A level of 0 is none.
    """
    if level <= 0.0:
        return False
    beyond = (open_ - level) * side <= 0.0
    return beyond or other <= 0.0 or (level - other) * side > 0.0
