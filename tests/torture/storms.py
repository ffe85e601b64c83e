"""What goes wrong at the exchange while orders flow, by a seed."""

from random import Random

from trading_mcp.testkit.kucoin import Loopback, LoopbackFaults
from trading_mcp.testkit.kucoin.chance import Chance

CALM = LoopbackFaults()
STORM = LoopbackFaults(
    reset=0.03,
    hang=0.02,
    cut=0.03,
    http_500=0.02,
    http_502=0.01,
    http_503=0.01,
    html_200=0.02,
    empty_200=0.02,
    code_408000=0.03,
    http_429=0.002,
    code_429000=0.002,
    unknown_code=0.03,
    duplicate_oid=0.02,
    half_fill=0.2,
    cancel_race=0.1,
    duplicate_push=0.1,
    late_push=0.1,
    reorder_push=0.1,
    drop_socket=0.002,
)
LATEST_S = 8.0
"""So late at most an order exists after it has arrived."""
_SOON_S = 0.15
_LATE_SHARE = 0.3


class Delayed(Chance):
    """Part of the orders exists at once or nearly so, part of them seconds later."""

    def __init__(self, seed: int, faults: LoopbackFaults, latest_s: float):
        super().__init__(seed, faults)
        self._late, self._latest_s = Random(f"{seed}/late"), latest_s

    def delay(self) -> float:
        """Return the seconds until the next order exists."""
        is_late = self._late.random() < _LATE_SHARE
        return self._late.uniform(0, self._latest_s if is_late else min(_SOON_S, self._latest_s))


def storm(kucoin: Loopback, seed: int, *, latest_s: float = LATEST_S) -> None:
    """Let everything go wrong now and then."""
    kucoin.set_faults(STORM)
    kucoin.chance = Delayed(seed, STORM, latest_s)


def calm(kucoin: Loopback) -> None:
    """Let nothing go wrong from now on; what is on its way still arrives late."""
    kucoin.set_faults(CALM)
