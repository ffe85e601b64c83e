"""What a perpetual costs more than its spot, and the candles that follow from it."""

import numpy as np

from trading_mcp.adapters.simulated.catalog import Coin
from trading_mcp.adapters.simulated.noise import Floats, Ints, key_of, uniform, wave
from trading_mcp.adapters.simulated.tree import DAY, HOUR, Rows, whole


class Premium:
    """By which fraction a coin's perpetual is dearer than its spot: small and bounded."""

    def __init__(self, seed: int, coin: Coin):
        self._slow, self._fast = (key_of(seed, coin.base, n) for n in ("premium", "flutter"))
        self._lean = 0.0001 * float(uniform(key_of(seed, coin.base, "lean"), np.arange(1))[0])

    def at(self, time: Ints) -> Floats:
        """Return the premium at each *time* (UTC ms)."""
        slow, fast = wave(self._slow, time, 8 * HOUR), wave(self._fast, time, HOUR)
        return self._lean + 0.0004 * slow + 0.0001 * fast

    def days(self, spot: Rows) -> Rows:
        """Return the perpetual's days beside those of the spot market."""
        edges = np.append(spot.open, spot.close[-1])
        prices = self._dearer(edges, np.append(spot.place, spot.place[-1] + 1) * DAY)
        opened, closed = prices[:-1], prices[1:]
        middle = spot.place * DAY + DAY // 2
        high = np.maximum(self._dearer(spot.high, middle), np.maximum(opened, closed))
        low = np.minimum(self._dearer(spot.low, middle), np.minimum(opened, closed))
        return spot._replace(open=opened, high=high, low=low, close=closed)

    def split(self, parents: Rows, spot_parents: Rows, spot: Rows, length: int) -> Rows:
        """Return the perpetual's children beside the spot's: its highs where the spot's are."""
        into = len(spot.place) // len(parents.place)
        high, low = np.repeat(parents.high, into), np.repeat(parents.low, into)
        opened = np.clip(self._dearer(spot.open, spot.place * length), low, high)
        opened[::into] = parents.open
        closed = np.append(opened[1:], 0)
        closed[into - 1 :: into] = parents.close
        middle = spot.place * length + length // 2
        highs = np.maximum(self._dearer(spot.high, middle), np.maximum(opened, closed))
        lows = np.minimum(self._dearer(spot.low, middle), np.minimum(opened, closed))
        at_high = spot.high == np.repeat(spot_parents.high, into)
        at_low = spot.low == np.repeat(spot_parents.low, into)
        highs = np.where(at_high, high, np.minimum(highs, high))
        lows = np.where(at_low, low, np.maximum(lows, low))
        return spot._replace(open=opened, high=highs, low=lows, close=closed)

    def _dearer(self, ticks: Ints, time: Ints) -> Ints:
        return whole(ticks * (1.0 + self.at(time)))
