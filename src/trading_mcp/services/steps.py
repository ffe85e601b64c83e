"""How far a search is that may have others after it, those of a walk-forward."""

from collections.abc import Callable, Sequence

from trading_mcp.backtest.honesty.windows import Window
from trading_mcp.backtest.search.searches import Progress
from trading_mcp.services.loading import Note

Estimate = Callable[[float], None]
"""Hears how many seconds all searches together are going to take."""


FROM, UNTIL = 0.5, 0.95
"""The share of the whole work at which the first search begins, and the last one ends."""


class Steps:
    """Tells of searches, each of which has a share by the time it looks at.

    *span* is the length (ms) of what the first one searches; those of *windows* come after it.
    """

    def __init__(self, span: int, windows: Sequence[Window], note: Note, estimate: Estimate):
        self._note, self._estimate = note, estimate
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
                self._estimate(progress.seconds_left / (1 - share) * self.times_first)
            done = (before + share * self._lengths[place]) / whole
            self._note(doing, FROM + (UNTIL - FROM) * done)

        return hear
