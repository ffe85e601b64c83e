"""The loop compiled in a process of its own, so that a server's threads need not share theirs."""

import subprocess
import sys
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)
LONGEST_S = 600.0
_PROGRAM = """
import os, pathlib, sys
from trading_mcp.backtest.readiness import ready_loop
os.nice(10)  # whoever trades goes first
ready_loop(pathlib.Path(sys.argv[1]))
"""


def compile_apart(cache_folder: Path) -> None:
    """Compile the loop in another process, which keeps it in *cache_folder* if it can.

    The compiler holds the interpreter for a second at a time, which an event loop would feel.
    """
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
        # Then whoever asked compiles it: slower for others, but right.
        told = (getattr(error, "stderr", None) or b"")[-300:].decode(errors="replace")
        log.warning("not_compiled_apart", error=str(error)[:300], told=told)
