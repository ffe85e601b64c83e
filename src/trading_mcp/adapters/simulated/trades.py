"""Every trade behind the candles, and those among them that closed a position by force.

They add up: the trades of a candle are its whole volume, the first has its open, the last its
close, and its high and low are among them. A trade is made of its place in time alone, so it is
the same whenever and however it is asked for.
"""

from typing import NamedTuple

import numpy as np

from trading_mcp.adapters.simulated.leaves import Leaves
from trading_mcp.adapters.simulated.noise import SHARE, bits, die, key_of
from trading_mcp.adapters.simulated.tree import LEAF, shared_out

LEAST, MOST = 4, 9
"""How many trades there are in five seconds (fewer only if hardly anything traded)."""
_NUMBERS = 16


class Deal(NamedTuple):
    """One trade: *price* in ticks, *amount* in lots. *peak* is 1 where the price turned down
    again, -1 where it turned up, 0 elsewhere."""

    number: int
    at: int
    buys: bool
    price: int
    amount: int
    peak: int


class Deals:
    """The trades of one market, in lots that are *lots_per_grain* to a grain of the candles."""

    def __init__(self, seed: int, symbol: str, lots_per_grain: int):
        self._key, self._lots_per_grain = key_of(seed, symbol, "deals"), lots_per_grain

    def of(self, leaves: Leaves, place: int) -> list[Deal]:
        """Return the trades of the five seconds at *place*, oldest first."""
        leaf = leaves.leaf(place)
        random = bits(self._key, place * _NUMBERS + np.arange(MOST, dtype=np.int64))
        fixed = [(leaf.turn, leaf.way), (leaf.back, -leaf.way), (0, 0), (LEAF - 1, 0)]
        others = (1 + die(random, 0) % (LEAF - 2))[LEAST : LEAST + self._more(random)]
        lots = leaf.volume * self._lots_per_grain
        # The turns first: where hardly anything trades, the high and the low still do.
        moments = sorted([*fixed, *((at, 0) for at in others.tolist())][:lots])
        amounts = _amounts(lots, SHARE[die(random[: len(moments)], 1)].tolist())
        lean = die(random, 2).tolist()
        return [
            Deal(
                number=place * _NUMBERS + n,
                at=place * LEAF + at,
                buys=peak > 0 if peak else lean[n] % 2 == 0,
                price=leaf.close if at == LEAF - 1 else leaves.price(place * LEAF + at),
                amount=amounts[n],
                peak=peak,
            )
            for n, (at, peak) in enumerate(moments)
        ]

    def _more(self, random: np.ndarray) -> int:
        return int(die(random, 3)[0]) % (MOST - LEAST + 1)


def _amounts(lots: int, weights: list[float]) -> list[int]:
    """Share *lots* out by *weights*, at least one to each."""
    if not weights:
        return []
    rest = np.array([lots - len(weights)], dtype=np.int64)
    return [1 + more for more in shared_out(rest, np.array([weights]))[0].tolist()]
