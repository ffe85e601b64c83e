"""A search over 256 combinations: this one, vectorbt, and a bare loop that visits positions only.

What is searched is the strategy of `_series`, by the RSI's period and level, target and stop. All
have the candles in memory and as many threads. Memory is of a process that searches a million
candles.
"""

import json
import subprocess
import sys
from typing import Any

from benchmarks import Row
from benchmarks.backtest import ROOT, peers

CANDLES, MANY = 100_000, 1_000_000


def run() -> list[Row]:
    """Measure, each in a process of its own, and tell the ratios."""
    ours = _told(sys.executable, "-m", "benchmarks._sweep", str(CANDLES))
    large = _told(sys.executable, "-m", "benchmarks._sweep", str(MANY), "once")
    rows = [
        (
            f"{ours['combinations']} combinations, {CANDLES:,} candles, {ours['threads']} threads",
            f"{ours['ours'] * 1e3:.0f} ms",
        ),
        ("combinations a second, with all figures", f"{ours['combinations'] / ours['ours']:,.0f}"),
        ("the same, with the candles read from disk", f"{ours['from_disk'] * 1e3:.0f} ms"),
        ("the same again, signals known", f"{ours['runs'] * 1e3:.0f} ms"),
        ("a bare loop over positions, trades and equity only", f"{ours['bare'] * 1e3:.0f} ms"),
        ("speed of the bare loop (aim: 0.7)", f"{ours['bare'] / ours['ours']:.2f} x"),
        (f"{MANY:,} candles, most memory (aim: 2,048)", f"{large['peak_mib']:,.0f} MiB"),
        (f"{MANY:,} candles", f"{large['ours']:.2f} s"),
    ]
    python = peers()
    if python is None:
        return [*rows, ("vectorbt", "could not be installed")]
    peer = _told(str(python), str(ROOT / "benchmarks" / "_sweep_peer.py"), str(CANDLES))
    each = peer["seconds"] / peer["combinations"]
    return [
        *rows,
        (f"vectorbt, Rust engine, {peer['combinations']} of them", f"{peer['seconds']:.2f} s"),
        (
            "speed of vectorbt (aim: 100)",
            f"{each / (ours['ours'] / ours['combinations']):.1f} x",
        ),
    ]


def _told(*command: str) -> dict[str, Any]:
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
