"""Many lives side by side, and what came of them."""

import asyncio
import logging
import shutil
import statistics
import tempfile
import time
from itertools import count
from pathlib import Path

from torture.lives import Life, Record
from torture.nursery import Nursery

KILLS_EACH = 20
"""Then a life ends, and another exchange with another directory begins."""


def main(*, kills: int, seed: int, pairs: int) -> int:
    """Kill so often, *pairs* servers side by side; return 1 if anything was wrong."""
    # A client that is killed while it connects is no news.
    for name in ("aiohttp.server", "asyncio", "fastmcp", "mcp"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    print(f"{kills} kills from seed {seed} on, {pairs} side by side, in {folder}", flush=True)
    began = time.monotonic()
    total = asyncio.run(torture(folder, kills=kills, seed=seed, pairs=pairs))
    print(report(total, time.monotonic() - began), flush=True)
    if not total.failures:
        shutil.rmtree(folder)
    return 1 if total.failures else 0


async def torture(folder: Path, *, kills: int, seed: int, pairs: int) -> Record:
    """Return the record of all lives."""
    total, nursery, seeds = Record(), Nursery(), count(seed)
    left = kills

    async def one_after_the_other() -> None:
        nonlocal left
        while left > 0:
            share = min(KILLS_EACH, left)
            left -= share
            number = next(seeds)
            life = Life(number, folder / str(number), nursery, kills=share)
            total.add(await life.live())
            print(_progress(number, life.record, total, kills), flush=True)
            if not life.record.failures:
                shutil.rmtree(folder / str(number))

    await asyncio.gather(*(one_after_the_other() for _ in range(pairs)))
    return total


def report(total: Record, seconds: float) -> str:
    """Return what was found, for people."""
    lines = [
        f"kills                 {total.kills} in {seconds:.0f} s",
        f"orders                {total.orders}, {total.trades} trades",
        f"unknown, then settled {total.once_unknown}",
        f"doubled, lost, wrong  {len(total.failures)}",
        f"time to ready         {_percentiles(total.ready_s)}",
        f"time to equal ledgers {_percentiles(total.agreed_s)}",
        f"lives cut short       {len(total.void)}: the exchange was held up beyond its fence",
        *total.void,
        *total.failures,
    ]
    return "\n".join(lines)


def _progress(seed: int, life: Record, total: Record, kills: int) -> str:
    done = f"{total.kills}/{kills} kills, {total.orders} orders, {len(total.failures)} failures"
    found = f"seed {seed}: {life.kills} kills, {life.orders} orders, {life.once_unknown} unknown"
    return "\n".join([f"{done} | {found}", *life.failures])


def _percentiles(seconds: list[float]) -> str:
    if len(seconds) < 2:
        return "-"
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return f"p50 {cuts[49]:.1f} s, p99 {cuts[98]:.1f} s"
