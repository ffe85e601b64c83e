"""What many voices agree on: timeframes with one another, strategies with one another."""

import math
from collections.abc import Iterable
from typing import Literal

import msgspec

from trading_mcp.domain.candles import interval_ms
from trading_mcp.domain.times import MINUTE_MS

Direction = Literal["long", "short", "neutral"]
_TIE = 1e-9


class Vote(msgspec.Struct, frozen=True):
    """One voice: *strength* is how sure it is (0 to 1), *weight* how much it counts (above 0)."""

    direction: Direction
    strength: float
    weight: float = 1.0


class Consensus(msgspec.Struct, frozen=True):
    """*strength* is how sure the winners are, *confidence* that times their share of all; 0 to 1,
    and both 0 when the direction is neutral."""

    direction: Direction
    strength: float
    confidence: float


def consensus(votes: Iterable[Vote]) -> Consensus:
    """Return the direction with the greater pull, how strong it is, and how far to trust it.

    A side's pull is the sum of weight x strength of its votes; equal pulls are neutral. Then

        strength   = pull of the winners / weight of the winners
        confidence = strength x weight of the winners / weight of all votes
                   = pull of the winners / weight of all votes

    so that a neutral vote, and even more an opposite one, costs confidence. The order of the
    votes does not matter, and mirrored votes give the mirrored answer. The formula is this
    project's own.
    """
    voiced = list(votes)
    long, short = _pull(voiced, "long"), _pull(voiced, "short")
    if abs(long - short) <= _TIE * max(long, short):
        return Consensus("neutral", 0.0, 0.0)
    direction: Direction = "long" if long > short else "short"
    pull, winners = max(long, short), _weight(v for v in voiced if v.direction == direction)
    return Consensus(direction, min(pull / winners, 1.0), min(pull / _weight(voiced), 1.0))


def timeframe_weight(interval: str) -> float:
    """Return how much a timeframe counts: 1 for a minute, and 1 more for each tenfold length.

    A move on 15m (2.2) or 1d (4.2) is made by more trading than one on 1m (1), yet not so much
    more that the short ones are not heard. Raises ValueError for an unknown interval.
    """
    return 1.0 + math.log10(interval_ms(interval) / MINUTE_MS)


def _pull(votes: Iterable[Vote], direction: Direction) -> float:
    return math.fsum(v.weight * v.strength for v in votes if v.direction == direction)


def _weight(votes: Iterable[Vote]) -> float:
    return math.fsum(vote.weight for vote in votes)
