"""What was tried over history."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from trading_mcp.domain.backtests import KeptRun
from trading_mcp.domain.trials import Trial, Tried


class TrialLedger(Protocol):
    """What was ever tried on which candles, and whose code was proven. Raises StorageUnavailable.

    Any thread and any process may ask and note at any time.
    """

    def note(self, trials: Sequence[Trial]) -> None:
        """Remember *trials*; one that is known on the same data stays as it is."""
        ...

    def tried(self, *, data: str, market: str, start: int, end: int) -> Tried:
        """Return what was tried on *data*, or on *market* in a time that overlaps [start, end)."""
        ...

    def is_proven(self, digest: str) -> bool:
        """Say whether a strategy of that digest has passed the proof."""
        ...

    def note_proven(self, digest: str) -> None:
        """Remember that a strategy of that digest has passed the proof."""
        ...


class BacktestStore(Protocol):
    """Where runs over history are remembered; the oldest of too many are forgotten.

    Raises StorageUnavailable.
    """

    async def keep(self, run: KeptRun, trades: Sequence[Mapping[str, Any]] = ()) -> None:
        """Keep *run* with its trades, in place of what is known of it."""
        ...

    async def run(self, run_id: str) -> KeptRun | None:
        """Return one run."""
        ...

    async def runs(self, *, limit: int, before: tuple[int, str] | None = None) -> Sequence[KeptRun]:
        """Return runs without their equity, the newest first.

        *before* begins after the run of that time (UTC ms) and id: the next page.
        """
        ...

    async def trades(self, run_id: str, *, start: int, limit: int) -> Sequence[Mapping[str, Any]]:
        """Return trades of a run in the order in which they ended, from number *start* on."""
        ...

    async def close(self) -> None:
        """Write what is left and close."""
        ...
