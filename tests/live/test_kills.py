"""Killed while live orders flow, the server comes back with the exchange's books.

A short one; `make torture` is the long one.
"""

import asyncio
from pathlib import Path

import pytest
from live_server import NURSERY
from torture.lives import Life, Record

pytestmark = pytest.mark.slow

SEEDS, KILLS = (1, 2), 2


async def test_after_each_kill_both_ledgers_are_equal(tmp_path: Path) -> None:
    lives = [Life(seed, tmp_path / str(seed), NURSERY, kills=KILLS) for seed in SEEDS]
    total = Record()
    for record in await asyncio.gather(*(life.live() for life in lives)):
        total.add(record)

    assert total.failures == []
    assert total.kills == len(SEEDS) * KILLS or total.void
    assert total.orders > 0
