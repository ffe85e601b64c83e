"""So many in so long: a sliding window for each of those who ask."""

import math
from collections import deque
from collections.abc import Callable

import msgspec

MOST_KEYS = 4096
"""How many are watched at a time; then the one that has asked for nothing longest is forgotten."""


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one more is allowed. *reset_s*: until everything is free again if no more is asked;
    *retry_after_s*: until there is room for one, 0 if there is."""

    limit: int
    remaining: int
    reset_s: float
    retry_after_s: int = 0

    @property
    def is_refused(self) -> bool:
        """Whether it was one too many."""
        return self.retry_after_s > 0


class Rate:
    """At most *limit* in any *seconds*, for each key by itself. What is refused does not count."""

    def __init__(
        self, limit: int, seconds: float, monotonic: Callable[[], float], *, most: int = MOST_KEYS
    ):
        self._limit, self._seconds, self._monotonic, self._most = limit, seconds, monotonic, most
        self._times: dict[str, deque[float]] = {}
        """When each key was let through, oldest first; who asked last stands last."""

    def take(self, key: str) -> Allowance:
        """Count one for *key*, unless it is one too many."""
        now = self._monotonic()
        times = self._times.pop(key, None) or deque()
        while times and times[0] <= now - self._seconds:
            times.popleft()
        is_full = len(times) >= self._limit
        if not is_full:
            times.append(now)
        self._keep(key, times)
        return Allowance(
            limit=self._limit,
            remaining=self._limit - len(times),
            reset_s=times[-1] + self._seconds - now,
            retry_after_s=max(1, math.ceil(times[0] + self._seconds - now)) if is_full else 0,
        )

    def give_back(self, key: str) -> None:
        """Forget the one that was counted last."""
        if times := self._times.get(key):
            times.pop()

    def _keep(self, key: str, times: deque[float]) -> None:
        self._times[key] = times
        if len(self._times) > self._most:
            del self._times[next(iter(self._times))]
