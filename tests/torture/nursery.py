"""Real servers as real processes, forked from one that has imported everything already.

What runs is `trading-mcp serve` as ever, killed as ever; only the imports, three seconds of each
start, are done once.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_TESTS = str(Path(__file__).parents[1])


class Nursery:
    """Where servers come from."""

    def __init__(self) -> None:
        # Whatever is forked is forked from here: no threads, and nothing opened.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        os.environ["PYTHONPATH"] = os.pathsep.join([_TESTS, os.environ.get("PYTHONPATH", "")])
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["torture.warm"])

    def bear(
        self,
        arguments: list[str],
        environment: dict[str, str],
        log: Path,
        *,
        plugins: Path | None = None,
    ) -> "Child":
        """Start `trading-mcp` with *arguments*; all it writes is appended to *log*.

        What is installed in *plugins* is there for it alone.
        """
        found = str(plugins) if plugins is not None else ""
        process = self._context.Process(target=_run, args=(arguments, environment, str(log), found))
        process.start()
        return Child(process)


class Child:
    """One server process, asked as one of `subprocess` is."""

    def __init__(self, process: Any):
        self._process = process
        self.born_at = time.monotonic()

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    @property
    def is_alive(self) -> bool:
        return bool(self._process.is_alive())

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""
        code: int | None = self._process.exitcode
        return code

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code once it has ended. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired("trading-mcp", timeout or 0.0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.is_alive:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as only kill -9 does."""
        self.send_signal(signal.SIGKILL)
        self._process.join()


def _run(arguments: list[str], environment: dict[str, str], log: str, plugins: str) -> None:
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(written, stream)
    os.environ.update(environment)
    if plugins:
        sys.path.insert(0, plugins)
    from trading_mcp.cli import main

    raise SystemExit(main(arguments))
