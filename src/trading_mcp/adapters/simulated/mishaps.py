"""What goes wrong on purpose, and by the same seed always the same way."""

from random import Random

from trading_mcp.adapters.simulated.settings import Faults
from trading_mcp.domain.reports import MARKET_CLOSED, VenueRefused


class Mishaps:
    """Draws from *faults*; each kind has its own sequence, so that one does not shift another."""

    def __init__(self, faults: Faults):
        self._faults, self._random = faults, dict[str, Random]()

    def before_accept(self, symbol: str) -> None:
        """Raise what keeps an order in *symbol* from being accepted."""
        if symbol in self._faults.closed:
            raise VenueRefused(MARKET_CLOSED, f"{symbol} does not trade now")
        if self._happens("timeout", self._faults.timeout_before_accept):
            raise TimeoutError("no answer; the order never arrived")
        if self._happens("reject", self._faults.reject):
            raise VenueRefused("injected_reject", "refused on purpose")

    def after_accept(self) -> None:
        """Raise what keeps an accepted order's answer from its sender."""
        if self._happens("late timeout", self._faults.timeout_after_accept):
            raise TimeoutError("no answer; the order did arrive")

    def before_answer(self) -> None:
        """Raise what keeps a question about a market from being answered."""
        if self._happens("answer", self._faults.no_answer):
            raise TimeoutError("no answer")

    def repeats_fill(self) -> bool:
        """Say whether the next fill is reported twice."""
        return self._happens("repeat", self._faults.duplicate_fill)

    def loses_prices(self) -> bool:
        """Say whether the stream of prices breaks now."""
        return self._happens("prices", self._faults.disconnect)

    def loses_reports(self) -> bool:
        """Say whether the next reports on the account are lost."""
        return self._happens("reports", self._faults.disconnect)

    def _happens(self, kind: str, chance: float) -> bool:
        if kind not in self._random:
            self._random[kind] = Random(f"{self._faults.seed}/{kind}")
        return self._random[kind].random() < chance
