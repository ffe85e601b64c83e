"""How much of a coin's perpetual is held open."""

import numpy as np

from trading_mcp.adapters.simulated.catalog import Coin
from trading_mcp.adapters.simulated.noise import key_of, wave
from trading_mcp.adapters.simulated.tree import DAY, HOUR, MINUTE

_OF_A_DAYS_VOLUME = 0.35
_SWELLS = ((14 * DAY, 0.3), (DAY, 0.1), (4 * HOUR, 0.02), (15 * MINUTE, 0.002))
"""Over which time it grows and shrinks, and by which part of itself."""


class Interest:
    """Open contracts: a share of a usual day's volume that swells over weeks, days and hours."""

    def __init__(self, seed: int, coin: Coin, volume_factor: int):
        self._keys = [key_of(seed, coin.base, "interest", period) for period, _ in _SWELLS]
        coins = volume_factor * coin.turnover / coin.price
        self._usual = _OF_A_DAYS_VOLUME * coins * coin.contracts

    def at(self, time: int) -> int:
        """Return the open interest at *time* (UTC ms), in contracts."""
        moment = np.array([time], dtype=np.int64)
        swell = sum(
            part * float(wave(key, moment, period)[0])
            for key, (period, part) in zip(self._keys, _SWELLS, strict=True)
        )
        return round(self._usual * (1.0 + swell))
