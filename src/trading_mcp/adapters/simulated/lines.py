"""One market of the seeded exchange: its candles, its price, its funding."""

from collections import OrderedDict
from functools import reduce
from itertools import pairwise

import numpy as np

from trading_mcp.adapters.simulated.books import Depth
from trading_mcp.adapters.simulated.catalog import Coin
from trading_mcp.adapters.simulated.leaves import Leaves, Path
from trading_mcp.adapters.simulated.noise import Ints, key_of
from trading_mcp.adapters.simulated.premium import Premium
from trading_mcp.adapters.simulated.tape import Move
from trading_mcp.adapters.simulated.tree import (
    DAY,
    HOUR,
    LEAF,
    LENGTHS,
    MINUTE,
    Rows,
    Tree,
)
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.markets import Market

FUNDING_MS = 8 * HOUR
"""Perpetuals pay funding at each multiple of this."""
_FUNDING_LIMIT = 0.0005
_PERPETUAL_VOLUME = 3
_USUAL_RANGE = 1.6
"""High to low of a random walk, in standard deviations of where it ends."""
_QUARTER = 15 * MINUTE
_CHUNK_MS = 30 * DAY
_KEPT_HOURS = 24


class Line:
    """One market. Times are UTC ms."""

    def __init__(self, seed: int, coin: Coin, market: Market):
        self.market, self.ticks = market, coin.ticks
        self.depth = Depth(seed, coin, market)
        self._coin, self._tree = coin, Tree(seed, coin)
        self._premium = Premium(seed, coin) if market.type == "perpetual" else None
        self._turns_key = key_of(seed, coin.base, "turns")
        self._volume_factor = _PERPETUAL_VOLUME if self._premium else 1
        self._hours: OrderedDict[int, Leaves] = OrderedDict()

    def candles(self, length: int, start: int, end: int) -> Candles:
        """Return the candles of *length* that open in [start, end)."""
        first, last = -(-start // length) * length, -(-end // length) * length
        if first >= last:
            return Candles.of([])
        # By the month, so that a year of minutes is never in memory ten times over.
        edges = [*range(first, last, _CHUNK_MS), last]
        parts = [self._summed(length, *edge) for edge in pairwise(edges)]
        time, opened, high, low, closed, volume = map(np.concatenate, zip(*parts, strict=True))
        volume = volume * self._volume_factor / self._coin.grains
        opened, high, low, closed = (column / self.ticks for column in (opened, high, low, closed))
        return Candles(time, opened, high, low, closed, volume)

    def price(self, at: int) -> int:
        """Return the last price at *at*, in ticks."""
        return self._leaves(at).price(at)

    def touch(self, at: int) -> tuple[int, int]:
        """Return the best bid and ask at *at*, in ticks: wide apart after a wild minute."""
        past = self._path(at - MINUTE, at)
        last, usual = past.last, _USUAL_RANGE * self._coin.volatility * past.last
        wildness = 0.5 + 0.5 * (past.high - past.low) / usual
        spread = max(1, round(last * self._coin.spread * wildness))
        return last - spread // 2, last - spread // 2 + spread

    def move(self, since: int, until: int) -> Move:
        """Return the way of the price from *since* to *until*."""
        path = self._path(since, until)
        return Move(
            open=path.open / self.ticks,
            high=path.high / self.ticks,
            low=path.low / self.ticks,
            last=path.last / self.ticks,
            volume=path.volume * self._volume_factor / self._coin.grains,
        )

    def funding_rate(self, at: int) -> float:
        """Return the rate due at the first funding at or after *at*: the last hours' premium."""
        if self._premium is None:
            return 0.0
        due = -(-at // FUNDING_MS) * FUNDING_MS
        hours = due - np.arange(8, dtype=np.int64) * HOUR
        mean = float(self._premium.at(hours).mean())
        return round(min(max(mean, -_FUNDING_LIMIT), _FUNDING_LIMIT), 8)

    def _path(self, since: int, until: int) -> Path:
        start, end = -(-since // _QUARTER) * _QUARTER, until // _QUARTER * _QUARTER
        if end - start < HOUR:
            return self._walk(since, until)
        opened, high, low, closed, volume = self._summed(_QUARTER, start, end)[1:]
        path = Path(*map(int, (opened[0], high.max(), low.min(), closed[-1], volume.sum())))
        path = self._walk(since, start).then(path) if since < start else path
        return path.then(self._walk(end, until)) if end < until else path

    def _walk(self, since: int, until: int) -> Path:
        """Go through the five-second candles, an hour's at a time."""
        hours = range((since // HOUR + 1) * HOUR, until, HOUR)
        parts = (self._leaves(a).path(a, b) for a, b in pairwise([since, *hours, until]))
        return reduce(Path.then, parts)

    def _leaves(self, at: int) -> Leaves:
        hour = at // HOUR
        if hour not in self._hours:
            rows = self._rows(LEAF, hour * HOUR, (hour + 1) * HOUR)
            self._hours[hour] = Leaves(rows, self._turns_key)
            if len(self._hours) > _KEPT_HOURS:
                self._hours.popitem(last=False)
        return self._hours[hour]

    def _summed(self, length: int, start: int, end: int) -> tuple[Ints, ...]:
        """Return time, prices (ticks) and volume (grains) of the candles in [start, end)."""
        level = next(level for level in LENGTHS if length % level == 0)
        rows = self._rows(level, start, end)
        every = length // level
        time = rows.place[::every] * level
        high = rows.high.reshape(-1, every).max(axis=1)
        low = rows.low.reshape(-1, every).min(axis=1)
        volume = rows.volume.reshape(-1, every).sum(axis=1)
        return time, rows.open[::every], high, low, rows.close[every - 1 :: every], volume

    def _rows(self, level: int, start: int, end: int) -> Rows:
        """Go down the tree to the rows of *level* in [start, end)."""
        spot = self._tree.days(start, end)
        own = self._premium.days(spot) if self._premium else spot
        for length, below in pairwise(LENGTHS[: LENGTHS.index(level) + 1]):
            spot, own = (rows.within(length, start, end) for rows in (spot, own))
            parents, spot = spot, self._tree.split(spot, below, length // below)
            own = self._premium.split(own, parents, spot, below) if self._premium else spot
        return own.within(level, start, end)
