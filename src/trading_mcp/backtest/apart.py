"""The loop compiled in a process of its own, so that a server's threads need not share theirs."""

import subprocess
import sys
from pathlib import Path

import structlog

from trading_mcp.backtest.compiling import Loop, is_compiled
from trading_mcp.backtest.readiness import ready_loop

log = structlog.get_logger(__name__)
LONGEST_S = 600.0
_PROGRAM = """
import os, pathlib, sys
from trading_mcp.backtest.readiness import ready_loop
os.nice(10)  # whoever trades goes first
ready_loop(pathlib.Path(sys.argv[1]))
"""


def loop_made_apart(cache_folder: Path) -> Loop:
    """Return the loop, ready to run. What has to be compiled is compiled in another process.

    The compiler holds the interpreter for a second at a time, which an event loop would feel.
    """
    if not is_compiled(cache_folder):
        _compile(cache_folder)
    return ready_loop(cache_folder)


def _compile(cache_folder: Path) -> None:
    command = [sys.executable, "-c", _PROGRAM, str(cache_folder)]
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=LONGEST_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        # Then it is compiled here: slower for others, but right.
        told = (getattr(error, "stderr", None) or b"")[-300:].decode(errors="replace")
        log.warning("not_compiled_apart", error=str(error)[:300], told=told)
