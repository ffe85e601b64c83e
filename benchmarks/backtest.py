"""One backtest of a million candles: this one, two peers and a bare loop, in the same run.

The peers have an environment of their own in build/, which is made when they are first asked for.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import Row

CANDLES = 1_000_000
FEWER = 100_000
ROOT = Path(__file__).parents[1]
PEERS = ROOT / "build" / "peers"


def run() -> list[Row]:
    """Measure, each in a process of its own, and tell the ratios."""
    ours = _told(sys.executable, "-m", "benchmarks._ours", str(CANDLES))
    rows = _own(ours)
    python = peers()
    if python is None:
        return [*rows, ("vectorbt, backtesting.py", "could not be installed")]
    vectorbt = _peer(python, "vectorbt", CANDLES)
    rows += _beside("vectorbt, Rust engine", vectorbt, ours, CANDLES, " (aim: 15)")
    slow = _peer(python, "backtesting", FEWER)
    return [*rows, *_beside("backtesting.py", slow, ours, FEWER, "")]


def peers() -> Path | None:
    """Return the Python that has the peers, installed if need be; None: it can't be."""
    python, uv = PEERS / "bin" / "python", Path(sys.executable).with_name("uv")
    lock = ROOT / "requirements-bench.lock"
    made_from = PEERS / "lock"
    if made_from.exists() and made_from.read_bytes() == lock.read_bytes():
        return python
    print("installing vectorbt and backtesting.py ...", file=sys.stderr, flush=True)
    commands = (
        (uv, "venv", "--quiet", "--clear", "--python", sys.executable, PEERS),
        (uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock),
    )
    for command in commands:
        if subprocess.run([str(word) for word in command], check=False).returncode:
            return None
    made_from.write_bytes(lock.read_bytes())
    return python


def _own(ours: dict[str, Any]) -> list[Row]:
    parts = ", ".join(f"{name} {ours['parts'][name] * 1e3:.1f}" for name in ours["parts"])
    return [
        (
            f"{CANDLES:,} candles, {ours['trades']:,} trades",
            f"{ours['ours'] * 1e3:.1f} ms ({parts})",
        ),
        ("candles a second", f"{CANDLES / ours['ours'] / 1e6:.0f} million"),
        ("a bare numba loop with TA-Lib's RSI", f"{ours['bare'] * 1e3:.1f} ms"),
        ("speed of the bare loop (aim: 0.7)", f"{ours['bare'] / ours['ours']:.2f} x"),
        ("the same by processor time", f"{ours['bare_cpu'] / ours['ours_cpu']:.2f} x"),
        ("most memory, all that is loaded included (aim: 1,024)", f"{ours['peak_mib']:.0f} MiB"),
    ]


def _beside(
    name: str, peer: dict[str, Any], ours: dict[str, Any], count: int, aim: str
) -> list[Row]:
    each, own = peer["seconds"] / count, ours["ours"] / CANDLES
    return [
        (
            f"{name}, {count:,} candles, {peer['trades']:,} trades",
            f"{peer['seconds'] * 1e3:.0f} ms",
        ),
        (f"speed of {name}{aim}", f"{each / own:.1f} x"),
    ]


def _peer(python: Path, name: str, count: int) -> dict[str, Any]:
    return _told(str(python), str(ROOT / "benchmarks" / "_peers.py"), name, str(count))


def _told(*command: str) -> dict[str, Any]:
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
