"""How much may be asked of an exchange now, and by what: plain decisions, without waiting."""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

Purpose = Literal["cancel", "query", "order", "data"]
"""What a request is for: to take an order back, to ask about it, to place one, the rest."""
RANK: Mapping[Purpose, int] = {"cancel": 0, "query": 1, "order": 2, "data": 3}
KEPT = 0.2
"""The share of each pool that is kept for cancels and for asking about orders."""
_BURST = 0.25
"""The share of a window's limit that may go at once; the rest flows, so both never exceed it."""
_BAN_S = 10.0
_REFUSALS = (418, 429)
_CODE = re.compile(r'\{"code":\s*"429000"')
_KEPT_FOR = frozenset[Purpose]({"cancel", "query"})


class Pool(msgspec.Struct, frozen=True):
    """Requests of so much *weight* are let through in any *window_s* seconds."""

    weight: float
    window_s: float


class Refused429(msgspec.Struct, frozen=True):
    """The exchange said "too many": nothing may be sent for *wait_s*."""

    wait_s: float


class Allowance:
    """What is left of one pool; times are monotonic seconds."""

    def __init__(self, pool: Pool, now: float):
        self._most = max(pool.weight * _BURST, 1.0)
        self._per_s = pool.weight * (1 - _BURST) / pool.window_s
        self._left, self._at = self._most, now

    def wait_s(self, purpose: Purpose, cost: float, now: float) -> float:
        """Return how long until a request of *cost* may go: 0 is now."""
        self._refill(now)
        floor = 0.0 if purpose in _KEPT_FOR else self._most * KEPT
        # One that costs more than there ever is goes when there is all there can be.
        needed = min(floor + cost, self._most)
        return max(needed - self._left, 0.0) / self._per_s

    def take(self, cost: float, now: float) -> None:
        """Note that a request of *cost* goes."""
        self._refill(now)
        self._left -= cost

    def correct(self, remaining: float, now: float) -> None:
        """Take the exchange's word for it, if it says that less is left than we thought."""
        self._refill(now)
        self._left = min(self._left, remaining)

    def _refill(self, now: float) -> None:
        self._left = min(self._left + (now - self._at) * self._per_s, self._most)
        self._at = now


def too_many(status: int, headers: Mapping[str, str], body: str) -> Refused429 | None:
    """Read whether an answer says that too much was asked, and for how long."""
    if status not in _REFUSALS and not _CODE.match(body):
        return None
    told = {name.lower(): value for name, value in headers.items()}
    wait = _seconds(told.get("gw-ratelimit-reset"), 0.001) or _seconds(told.get("retry-after"), 1.0)
    return Refused429(wait or _BAN_S)


def remaining(headers: Mapping[str, str]) -> float | None:
    """Read how much the exchange says is left of the pool."""
    told = {name.lower(): value for name, value in headers.items()}
    return _seconds(told.get("gw-ratelimit-remaining"), 1.0)


def _seconds(told: str | None, unit: float) -> float | None:
    if told is None or not told.isascii() or not told.isdigit() or len(told) > 9:
        return None
    return int(told) * unit
