"""What goes wrong on purpose, and by the same seed always the same way."""

from random import Random

from trading_mcp.adapters.simulated.settings import Faults
from trading_mcp.domain.reports import VenueRefused


class Mishaps:
    """Draws from *faults*; each kind has its own sequence, so that one does not shift another."""

    def __init__(self, faults: Faults):
        self._faults = faults
        self._random = {kind: Random(f"{faults.seed}/{kind}") for kind in faults.__struct_fields__}

    def before_accept(self) -> None:
        """Raise what keeps an order from being accepted."""
        if self._happens("timeout_before_accept"):
            raise TimeoutError("no answer; the order never arrived")
        if self._happens("reject"):
            raise VenueRefused("injected_reject", "refused on purpose")

    def after_accept(self) -> None:
        """Raise what keeps an accepted order's answer from its sender."""
        if self._happens("timeout_after_accept"):
            raise TimeoutError("no answer; the order did arrive")

    def repeats_fill(self) -> bool:
        """Say whether the next fill is reported twice."""
        return self._happens("duplicate_fill")

    def loses_stream(self) -> bool:
        """Say whether what would be streamed next is lost."""
        return self._happens("disconnect")

    def _happens(self, kind: str) -> bool:
        chance: float = getattr(self._faults, kind)
        return chance > 0 and self._random[kind].random() < chance
