"""What trading costs."""


def slippage_pct(side: int, expected: float, paid: float) -> float:
    """Return how much worse than expected a fill was, in percent (negative: better).

    *side* is 1 for a buy, -1 for a sell.
    """
    if expected <= 0.0:
        return 0.0
    return side * (paid - expected) / expected * 100.0


def needed_funds(notional: float, leverage: float, fee: float) -> float:
    """Return what opening *notional* ties up: the margin, and the fee (a fraction)."""
    return notional / leverage + notional * fee
