"""Noise keyed by a hash: the same answer to the same question, in whatever order one asks."""

import math
from hashlib import blake2b
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_DIE_BITS = 12
_FACES = 1 << _DIE_BITS


def key_of(*parts: object) -> int:
    """Return the 64-bit key of what is named by *parts*."""
    name = "/".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big")


def bits(key: int, index: Ints) -> Bits:
    """Return 64 random bits for each element of *index* (splitmix64's n-th output)."""
    x = index.astype(np.uint64) * _GOLDEN + np.uint64(key)
    x = (x ^ (x >> np.uint64(30))) * _FIRST
    x = (x ^ (x >> np.uint64(27))) * _SECOND
    return x ^ (x >> np.uint64(31))


def die(random: Bits, which: int) -> Ints:
    """Return one of the five independent 12-bit numbers in each of *random*."""
    return ((random >> np.uint64(which * _DIE_BITS)) & np.uint64(_FACES - 1)).astype(np.int64)


def uniform(key: int, index: Ints) -> Floats:
    """Return a number in [-1, 1) for each element of *index*."""
    return (bits(key, index) >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0


def wave(key: int, time: Ints, period: int) -> Floats:
    """Return smooth noise in [-1, 1) that takes a new random value every *period*."""
    index = time // period
    part = (time - index * period) / period
    left, right = uniform(key, index), uniform(key, index + 1)
    return left + (right - left) * part * part * (3.0 - 2.0 * part)


def _table(values: list[float]) -> Floats:
    # Rounded, so that a last digit that differs between maths libraries changes no market.
    return np.round(np.array(values) * 2.0**20) / 2.0**20


_MIDDLES = [(face + 0.5) / _FACES for face in range(_FACES)]
_Z = [NormalDist().inv_cdf(p) for p in _MIDDLES]
_BURST_FACES = 8

NORMAL = _table(_Z)
"""A standard normal number for each face of a die."""
EXPONENTIAL = _table([-math.log(p) for p in _MIDDLES])
"""An exponential number of mean 1 for each face."""
SHARE = _table([math.exp(0.5 * z) for z in _Z])
"""A positive weight for each face: how volume is shared out."""
UNREST = _table(
    [(10.0 if face < _BURST_FACES else 1.0) * math.exp(0.25 * z) for face, z in enumerate(_Z[::-1])]
)
"""A positive weight for each face: how volatility is shared out, now and then in a burst."""
