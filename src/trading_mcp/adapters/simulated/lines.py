"""One market of the seeded exchange: its candles, its price, its trades, its funding."""

from collections import OrderedDict
from collections.abc import Iterator
from functools import reduce
from itertools import pairwise

import numpy as np

from trading_mcp.adapters.simulated.books import Depth
from trading_mcp.adapters.simulated.catalog import Coin
from trading_mcp.adapters.simulated.interest import Interest
from trading_mcp.adapters.simulated.leaves import Leaves, Path
from trading_mcp.adapters.simulated.noise import Ints, key_of
from trading_mcp.adapters.simulated.premium import Premium
from trading_mcp.adapters.simulated.trades import Deal, Deals
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
from trading_mcp.domain.quotes import Liquidation, Move, PublicTrade

FUNDING_MS = 8 * HOUR
"""Perpetuals pay funding at each multiple of this."""
_FUNDING_LIMIT = 0.0005
_PERPETUAL_VOLUME = 3
_WILD = 3.0
"""How far a price must run within a minute, in usual minutes' standard deviations, before
positions are closed by force."""
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
        self._volume_factor, lots_per_grain = _busyness(coin) if self._premium else (1, 1)
        self._lots = round(1 / market.step)
        self._deals = Deals(seed, market.symbol, lots_per_grain)
        self._interest = Interest(seed, coin, self._volume_factor)
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

    def average_price(self, since: int, until: int) -> float:
        """Return the price weighted by volume, by quarters of an hour from *since* to *until*."""
        start, end = since // _QUARTER * _QUARTER, -(-until // _QUARTER) * _QUARTER
        opened, high, low, closed, volume = self._summed(_QUARTER, start, end)[1:]
        typical = (opened + high + low + closed) / 4.0
        return float((typical * volume).sum() / max(volume.sum(), 1)) / self.ticks

    def trades(self, since: int, until: int) -> list[PublicTrade]:
        """Return every trade in [since, until), oldest first."""
        places = range(since // LEAF, -(-until // LEAF))
        deals = (deal for n in places for deal in self._deals.of(self._leaves(n * LEAF), n))
        return [self._trade(deal) for deal in deals if since <= deal.at < until]

    def liquidations(self, since: int, until: int) -> list[Liquidation]:
        """Return what was closed by force in [since, until), oldest first.

        In a minute that falls far, every turn of the price below that depth is a long that was
        sold out; in one that rises far, every turn above it is a short.
        """
        if self._premium is None:
            return []
        first, end = since // MINUTE * MINUTE, -(-until // MINUTE) * MINUTE
        time, opened, high, low = self._summed(MINUTE, first, end)[:4]
        far = _WILD * self._coin.volatility * opened
        wild = np.flatnonzero((high - opened >= far) | (opened - low >= far))
        return [
            self._liquidation(deal)
            for n in wild.tolist()
            for deal in self._deals_of_minute(int(time[n]))
            if (deal.price - opened[n]) * deal.peak >= far[n] and since <= deal.at < until
        ]

    def open_interest(self, at: int) -> float:
        """Return how much is held open at *at*, in base."""
        return self._interest.at(at) / self._lots if self._premium else 0.0

    def funding_rate(self, at: int) -> float:
        """Return the rate due at the first funding at or after *at*: the last hours' premium."""
        return self.funding_estimate(-(-at // FUNDING_MS) * FUNDING_MS)

    def funding_estimate(self, at: int) -> float:
        """Return the rate that the premium of the eight hours before *at* would make."""
        if self._premium is None:
            return 0.0
        hours = at - np.arange(8, dtype=np.int64) * HOUR
        mean = float(self._premium.at(hours).mean())
        return round(min(max(mean, -_FUNDING_LIMIT), _FUNDING_LIMIT), 8)

    def _deals_of_minute(self, start: int) -> Iterator[Deal]:
        # Not through the hours that are kept: a day's few wild minutes would drive them out.
        leaves = Leaves(self._rows(LEAF, start, start + MINUTE), self._turns_key)
        for place in range(start // LEAF, (start + MINUTE) // LEAF):
            yield from self._deals.of(leaves, place)

    def _trade(self, deal: Deal) -> PublicTrade:
        return PublicTrade(
            id=str(deal.number),
            at=deal.at,
            side="buy" if deal.buys else "sell",
            price=deal.price / self.ticks,
            amount=deal.amount / self._lots,
        )

    def _liquidation(self, deal: Deal) -> Liquidation:
        return Liquidation(
            id=str(deal.number),
            at=deal.at,
            side="short" if deal.buys else "long",
            price=deal.price / self.ticks,
            amount=deal.amount / self._lots,
        )

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


def _busyness(coin: Coin) -> tuple[int, int]:
    """Return how often a perpetual trades its spot's volume, and the contracts that makes of each
    of its grains: a whole number."""
    grains_per_contract = coin.grains // coin.contracts
    times = -(-_PERPETUAL_VOLUME // grains_per_contract)
    return times * grains_per_contract, times
