"""What goes wrong by chance, and by the same seed always the same way."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar, get_args

from trading_mcp.testkit.kucoin.settings import Kind, LoopbackFaults

T = TypeVar("T")
_KINDS: tuple[Kind, ...] = get_args(Kind)


class Chance:
    """Draws from *faults*; each kind has its own sequence, so that one does not shift another."""

    def __init__(self, seed: int, faults: LoopbackFaults):
        self._seed, self.faults = seed, faults
        self._random: dict[str, Random] = {}

    def kind(self) -> Kind | None:
        """Return what is to become of this request's answer, None for nothing odd."""
        return next((k for k in _KINDS if self.happens(k, getattr(self.faults, k))), None)

    def accepts(self) -> bool:
        """Say whether a request whose answer is lost does what it asks for."""
        return self.happens("accepted", self.faults.accepted)

    def delay(self) -> float:
        """Return the seconds until the next order exists."""
        low, high = self.faults.accept_delay_ms
        return self._of("delay").uniform(low, max(low, high)) / 1000

    def happens(self, what: str, chance: float) -> bool:
        """Say whether *what* happens this time."""
        return chance > 0 and self._of(what).random() < chance

    def falls_out(self, what: str, chance: float) -> bool:
        """Say whether the thing named *what* is gone, the same each time it is asked."""
        return chance > 0 and Random(f"{self._seed}/{what}").random() < chance

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return *items* in another order."""
        return self._of("order").sample(items, len(items))

    def _of(self, what: str) -> Random:
        if what not in self._random:
            self._random[what] = Random(f"{self._seed}/{what}")
        return self._random[what]
