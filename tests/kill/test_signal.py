"""SIGUSR1 trips the wire in a real process whose main thread is stuck in C code."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from kill_waiting import until

from trading_mcp.adapters.tripwire import FileTripwire

LISTENING = """
import sys
from pathlib import Path
from trading_mcp.adapters.tripwire import FileTripwire, hold_signal, start_signal_listener
{before}
start_signal_listener(FileTripwire(Path(sys.argv[1])))
print("listens", flush=True)
{stuck}
"""
STUCK = {
    "time.sleep": "import time; time.sleep(600)",
    "a C call": "import ctypes; ctypes.CDLL(None).sleep(600)",
    "an event loop that is held up": (
        "import asyncio, time\nasync def main(): time.sleep(600)\nasyncio.run(main())"
    ),
    "a lock": "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "KILL"


@pytest.fixture
def start(path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    with ExitStack() as stack:

        def started(stuck: str, before: str = "") -> "subprocess.Popen[str]":
            code = LISTENING.format(stuck=stuck, before=before)
            command = [sys.executable, "-c", code, str(path)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "listens\n"
            return process

        yield started


@pytest.mark.parametrize("stuck", STUCK.values(), ids=STUCK)
def test_a_stuck_process_hears_the_signal(start, path: Path, stuck: str) -> None:
    process = start(stuck)

    process.send_signal(signal.SIGUSR1)

    until(path.exists)
    assert FileTripwire(path).reason() == "the signal SIGUSR1"
    assert process.poll() is None


def test_it_hears_it_again_after_it_was_set_up_again(start, path: Path) -> None:
    process = start(STUCK["a C call"])

    for _ in range(3):
        process.send_signal(signal.SIGUSR1)
        until(path.exists)
        FileTripwire(path).clear()

    assert process.poll() is None


def test_threads_of_libraries_do_not_take_the_signal_away(start, path: Path) -> None:
    process = start(STUCK["a C call"], before="hold_signal(); import numpy, polars")

    for _ in range(20):
        process.send_signal(signal.SIGUSR1)
        until(path.exists)
        FileTripwire(path).clear()

    assert process.poll() is None


def test_a_thread_that_was_there_before_does_not_end_the_process(start, path: Path) -> None:
    other = "import threading, time; threading.Thread(target=time.sleep, args=[600]).start()"
    awake = "\nwhile True: time.sleep(0.01)"
    process = start(awake, before=other)

    for _ in range(20):
        process.send_signal(signal.SIGUSR1)
        until(path.exists)
        FileTripwire(path).clear()

    assert process.poll() is None
