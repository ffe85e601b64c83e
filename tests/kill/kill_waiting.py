"""Waiting for what another process does."""

import time
from collections.abc import Callable


def until(happened: Callable[[], bool], seconds: float = 20.0) -> None:
    """Ask again and again until it has happened."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"{happened} has not happened in {seconds} s"
        time.sleep(0.01)
