"""Candles from the day down to five seconds, each exactly the sum of its children.

A day's four prices come from noise over days; every candle is then split into smaller ones by a
random bridge from its open to its close that is stretched until it touches the candle's high and
low. What a candle becomes depends on its own numbers and a hash of its place alone, so any stretch
of the past can be computed by itself, and always the same. Prices are whole ticks and volumes whole
grains, so nothing is lost to rounding.
"""

from typing import NamedTuple

import numpy as np

from trading_mcp.adapters.simulated.catalog import Coin
from trading_mcp.adapters.simulated.noise import (
    EXPONENTIAL,
    NORMAL,
    SHARE,
    UNREST,
    Bits,
    Floats,
    Ints,
    bits,
    die,
    key_of,
    wave,
)

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
LEAF = 5 * SECOND
LENGTHS = (DAY, 4 * HOUR, HOUR, 15 * MINUTE, 5 * MINUTE, MINUTE, LEAF)
"""The levels of the tree, in milliseconds."""
_OCTAVES = 8
_FEWEST_TICKS = 50
_NO_WICK = 1e-9


class Rows(NamedTuple):
    """Consecutive candles of one level: opening times are *place* times the level's length.

    *unrest* is the variance (in ticks squared) that the split gives to each candle.
    """

    place: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    unrest: Floats

    def within(self, length: int, start: int, end: int) -> "Rows":
        """Return the rows that overlap [start, end)."""
        first = int(self.place[0])
        rows = slice(max(start // length - first, 0), max(-(-end // length) - first, 0))
        return Rows(
            self.place[rows],
            self.open[rows],
            self.high[rows],
            self.low[rows],
            self.close[rows],
            self.volume[rows],
            self.unrest[rows],
        )


class Tree:
    """The spot market of one coin."""

    def __init__(self, seed: int, coin: Coin):
        self._coin = coin
        self._level_keys = {length: key_of(seed, coin.base, length) for length in LENGTHS}
        self._octave_keys = [key_of(seed, coin.base, "octave", n) for n in range(_OCTAVES)]
        self._mood_key = key_of(seed, coin.base, "mood")

    def days(self, start: int, end: int) -> Rows:
        """Return the days that overlap [start, end)."""
        place = np.arange(start // DAY, -(-end // DAY), dtype=np.int64)
        ticks = self._day_opens(np.append(place, place[-1] + 1))
        random = bits(self._level_keys[DAY], place)
        opened, closed = ticks[:-1].astype(np.float64), ticks[1:].astype(np.float64)
        mood = 1.0 + 0.4 * wave(self._mood_key, place, 5)
        unrest = 1440.0 * (self._coin.volatility * mood * opened) ** 2
        high, low = _reach(opened, closed, unrest, random)
        volume = self._turnover(opened, mood, random)
        return Rows(place, ticks[:-1], whole(high), whole(low), ticks[1:], volume, unrest)

    def split(self, parents: Rows, length: int, into: int) -> Rows:
        """Return the children, *into* this *length*, of all *parents*."""
        place = parents.place[:, None] * into + np.arange(into, dtype=np.int64)
        random = bits(self._level_keys[length], place)
        share, unrest = _shared(parents.unrest, UNREST[die(random, 3)])
        edges = _bridge(parents, share, NORMAL[die(random, 2)] * np.sqrt(unrest))
        _lean(edges, parents)
        high, low = _reach(edges[:, :-1], edges[:, 1:], unrest, random)
        prices, high, low = _stretched(parents, edges, high, low)
        return Rows(
            place.reshape(-1),
            whole(prices[:, :-1]).reshape(-1),
            whole(high).reshape(-1),
            whole(low).reshape(-1),
            whole(prices[:, 1:]).reshape(-1),
            shared_out(parents.volume, share * SHARE[die(random, 4)]).reshape(-1),
            unrest.reshape(-1),
        )

    def _day_opens(self, day: Ints) -> Ints:
        step = self._coin.volatility * 1440**0.5
        log = np.zeros(len(day))
        for octave, key in enumerate(self._octave_keys):
            log += 0.9 * step * 2.0 ** (octave / 2) * wave(key, day, 2**octave)
        ticks = np.rint(self._coin.price * self._coin.ticks * np.exp(log)).astype(np.int64)
        return np.maximum(ticks, _FEWEST_TICKS)

    def _turnover(self, opened: Floats, mood: Floats, random: Bits) -> Ints:
        coins = self._coin.turnover * mood * self._coin.ticks / opened
        return whole(coins * self._coin.grains * SHARE[die(random, 4)])


def whole(values: Floats) -> Ints:
    """Round to whole ticks or grains."""
    return np.rint(values).astype(np.int64)


def _shared(total: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return each child's share of its parent, and that part of *total*."""
    share = weights / np.cumsum(weights, axis=1)[:, -1:]
    return share, np.maximum(share * total[:, None], 0.01)


def _bridge(parents: Rows, share: Floats, steps: Floats) -> Floats:
    """Return the children's opens and, last, their common close: a walk tied at both ends."""
    walk, passed = np.cumsum(steps, axis=1), np.cumsum(share, axis=1)
    rise = (parents.close - parents.open)[:, None]
    closes = parents.open[:, None] + rise * passed + walk - passed * walk[:, -1:]
    closes[:, -1] = parents.close
    return np.concatenate([parents.open[:, None].astype(np.float64), closes], axis=1)


def _lean(edges: Floats, parents: Rows) -> None:
    """Bend a walk that stays far inside its parent's range towards it, all along the way.

    Otherwise the one child that is to touch the extreme would have to leap there and back.
    """
    into = edges.shape[1] - 1
    usual = 0.8 * np.sqrt(parents.unrest / into)
    place = np.arange(into + 1.0)
    for sign, goal in ((1.0, parents.high), (-1.0, parents.low)):
        away = sign * edges
        peak = np.clip(away.argmax(axis=1), 1, into - 1)[:, None]
        missing = np.maximum(sign * goal - away.max(axis=1) - usual, 0.0)[:, None]
        edges += sign * missing * np.minimum(place / peak, (into - place) / (into - peak))


def _reach(opened: Floats, closed: Floats, unrest: Floats, random: Bits) -> tuple[Floats, Floats]:
    """Return how high and how low a random path between two prices gets."""
    middle, squared = opened + closed, (closed - opened) ** 2
    up: Floats = np.sqrt(squared + 2.0 * unrest * EXPONENTIAL[die(random, 0)])
    down: Floats = np.sqrt(squared + 2.0 * unrest * EXPONENTIAL[die(random, 1)])
    return (middle + up) / 2.0, (middle - down) / 2.0


def _stretched(
    parents: Rows, edges: Floats, high: Floats, low: Floats
) -> tuple[Floats, Floats, Floats]:
    """Stretch what lies above and below the parent's body until it just fills its wicks."""
    top = np.maximum(parents.open, parents.close)[:, None].astype(np.float64)
    bottom = np.minimum(parents.open, parents.close)[:, None].astype(np.float64)
    above = np.maximum(high.max(axis=1, keepdims=True) - top, _NO_WICK)
    below = np.maximum(bottom - low.min(axis=1, keepdims=True), _NO_WICK)
    up = (parents.high[:, None] - top) / above
    down = (bottom - parents.low[:, None]) / below

    def stretch(price: Floats) -> Floats:
        body = np.minimum(np.maximum(price, bottom), top)
        wick = np.maximum(price - top, 0.0) * up - np.maximum(bottom - price, 0.0) * down
        stretched: Floats = body + wick
        return stretched

    return stretch(edges), stretch(high), stretch(low)


def shared_out(totals: Ints, weights: Floats) -> Ints:
    """Share each total out by its row of *weights*, in whole grains and without remainder."""
    passed = np.cumsum(weights, axis=1)
    marks = np.floor(totals[:, None] * (passed / passed[:, -1:])).astype(np.int64)
    return np.diff(marks, axis=1, prepend=0)
