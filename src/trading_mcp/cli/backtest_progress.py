"""What a backtest is at, on standard error: a bar on a terminal, else only what takes long."""

import sys
import threading
import time
from pathlib import Path

from trading_mcp.backtest.compiling import Loop

_WIDTH = 30
_CLEAR = "\r\x1b[K"
_EVERY_S = 0.5


class Stages:
    """Shows what is being done, and how much of all is done."""

    def __init__(self, *, quiet: bool):
        self._quiet, self._is_terminal = quiet, sys.stderr.isatty()

    def tell(self, what: str, share: float) -> None:
        """Show that *what* has begun, with *share* (0 to 1) of all done."""
        if self._is_terminal and not self._quiet:
            bar = ("#" * round(share * _WIDTH)).ljust(_WIDTH)
            print(f"{_CLEAR}[{bar}] {share:4.0%}  {what}", end="", file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """Say something that stays, on a line of its own."""
        if not self._quiet:
            clear = _CLEAR if self._is_terminal else ""
            print(f"{clear}{text}", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the terminal as it was."""
        if self._is_terminal and not self._quiet:
            print(_CLEAR, end="", file=sys.stderr, flush=True)


def made_ready(folder: Path, stages: Stages) -> tuple[Loop, float]:
    """Return the loop, and the seconds it took; tells of compiling, which is rare and slow."""
    from trading_mcp.backtest.compiling import is_compiled
    from trading_mcp.backtest.readiness import ready_loop

    began = time.perf_counter()
    if is_compiled(folder):
        loop = ready_loop(folder)
    else:
        stages.say(
            "Compiling the history loop for this machine. This is done once, takes some ten to "
            f"thirty seconds, and is kept in {folder}"
        )
        with _Ticking(stages, began):
            loop = ready_loop(folder)
        stages.say(f"Compiled in {time.perf_counter() - began:.1f} s")
    return loop, time.perf_counter() - began


class _Ticking:
    """Shows the seconds going by."""

    def __init__(self, stages: Stages, began: float):
        self._stages, self._began, self._over = stages, began, threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _tick(self) -> None:
        while not self._over.wait(_EVERY_S):
            self._stages.tell(f"compiling, {time.perf_counter() - self._began:.0f} s", 0.1)
