"""What a start costs, and what the server takes when nobody asks it anything.

Processor time and memory are read from /proc, so this runs on Linux only.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import Row

ROUNDS, REST_S, TOO_LONG_S = 3, 20.0, 60.0
PROGRAM = (sys.executable, "-m", "trading_mcp")
CONFIG = Path(__file__).parent.parent / "config.toml"


class Start(NamedTuple):
    """What it took until the server was ready, in seconds."""

    cpu: float
    wall: float


class Rest(NamedTuple):
    """What the server takes at rest: memory (MB), and how much of one core."""

    memory: float
    share: float


def run() -> list[Row]:
    """Start the server as it is shipped, anew and again, and let it run for a while."""
    if not Path("/proc/self/stat").exists():
        return [("not measured", "this system has no /proc")]
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
        rounds = [_round(Path(directory) / str(n)) for n in range(ROUNDS)]
        with _server(Path(directory) / "rest") as server:
            _started(server)
            rest = _at_rest(server)
    first, second = zip(*rounds, strict=True)
    return [
        ("first start, until ready (aim: < 4 s of CPU)", _typical(first)),
        ("second start, until ready", _typical(second)),
        (f"memory {REST_S:.0f} s after (aim: < 350 MB)", f"{rest.memory:.0f} MB"),
        ("at rest, its market an hour a minute (aim: < 15 %)", f"{rest.share:.1%} of a core"),
        ("trading-mcp --help (aim: < 0.15 s of CPU)", f"{_help():.3f} s of CPU"),
    ]


def _typical(starts: tuple[Start, ...]) -> str:
    cpu, wall = (median(column) for column in zip(*starts, strict=True))
    return f"{cpu:.2f} s of CPU, {wall:.2f} s"


def _round(folder: Path) -> tuple[Start, Start]:
    with _server(folder) as server:
        first = _started(server)
    with _server(folder) as server:
        return first, _started(server)


class _Server(NamedTuple):
    process: subprocess.Popen[bytes]
    ready: Path
    began: float

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far, of all its threads."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        """Resident memory, in MB."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def _server(folder: Path) -> Iterator[_Server]:
    """Run the server with the shipped configuration on free ports; stop it in the end."""
    folder.mkdir(exist_ok=True)
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    data = ("--data-dir", str(folder / "data"), "--ready-file", str(ready))
    ports = ("--port", "0", "--rest-port", "0", "--mcp-port", "0")
    began = time.perf_counter()
    process = subprocess.Popen(
        (*PROGRAM, "serve", "--config", str(CONFIG), *data, *ports),
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )
    try:
        yield _Server(process, ready, began)
    finally:
        process.terminate()
        process.wait(TOO_LONG_S)


def _started(server: _Server) -> Start:
    while not server.ready.exists():
        wall = time.perf_counter() - server.began
        if server.process.poll() is not None or wall > TOO_LONG_S:
            raise RuntimeError(f"the server was not ready after {wall:.1f} s")
        time.sleep(0.005)
    return Start(cpu=server.cpu, wall=time.perf_counter() - server.began)


def _at_rest(server: _Server) -> Rest:
    time.sleep(REST_S)  # new strategies are checked meanwhile
    memory, before = server.memory, server.cpu
    time.sleep(REST_S)
    return Rest(memory, (server.cpu - before) / REST_S)


def _help() -> float:
    spent = []
    for _ in range(2 * ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            (*PROGRAM, "--help"), stdout=subprocess.DEVNULL, env=_environment(), check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(spent)


def _environment() -> dict[str, str]:
    # What Python has compiled once it may keep, as it does where it is installed.
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
