"""Killed while live orders flow, the server comes back with the exchange's books.

A short one; `make torture` is the long one.
"""

from pathlib import Path

import pytest
from torture.lives import Life
from torture.nursery import Nursery

pytestmark = pytest.mark.slow

KILLS = 2


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_after_each_kill_both_ledgers_are_equal(tmp_path: Path, seed: int) -> None:
    record = await Life(seed, tmp_path / "life", Nursery(), kills=KILLS).live()

    assert record.failures == []
    assert record.kills == KILLS or record.void
