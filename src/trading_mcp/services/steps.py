"""How far a search is that may have others after it, those of a walk-forward."""

import time
from collections.abc import Callable, Sequence

from trading_mcp.backtest.honesty.windows import Window
from trading_mcp.backtest.search.searches import Progress
from trading_mcp.services.loading import Note

Estimate = Callable[[float], None]
"""Hears how many seconds all searches together are going to take."""


PROOF, FROM, UNTIL = 0.1, 0.15, 0.95
"""Shares of the whole work: where the proof begins, the first search does, and the last ends."""


class Steps:
    """Tells of searches, each of which has a share by the time it looks at.

    *span* is the length (ms) of what the first one searches; those of *windows* come after it.
    *began* (by `time.perf_counter`) is when the work before them did. *estimated* is how many
    seconds all of it takes, as last told; None: it is not known.
    """

    def __init__(
        self, span: int, windows: Sequence[Window], note: Note, estimate: Estimate, began: float
    ):
        self._note, self._estimate, self._began = note, estimate, began
        self.estimated: float | None = None
        self._lengths = [span, *(window.split - window.start for window in windows)]
        self.times_first = sum(self._lengths) / span
        """How many times as long as the first search all of them take."""

    def teller(self, place: int) -> Callable[[Progress], None]:
        """Return what hears how far the search at *place* is."""
        tests, whole = len(self._lengths) - 1, sum(self._lengths)
        doing = f"combinations before test {place} of {tests}" if place else "combinations"
        before = sum(self._lengths[:place])

        def hear(progress: Progress) -> None:
            share = progress.done / max(progress.of, 1)
            if place == 0 and progress.seconds_left is not None and share < 1:
                self._tell_estimate(progress.seconds_left, share)
            done = (before + share * self._lengths[place]) / whole
            self._note(doing, FROM + (UNTIL - FROM) * done)

        return hear

    def _tell_estimate(self, left: float, share: float) -> None:
        """Tell what has gone by, proof and workers' start in it, and what is still to come."""
        walks = left / (1 - share) * (self.times_first - 1)
        self.estimated = time.perf_counter() - self._began + left + walks
        self._estimate(self.estimated)
