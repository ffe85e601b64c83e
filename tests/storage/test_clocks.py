"""The system's clock is the wall's."""

import time

from trading_mcp.adapters.clocks import SystemClock


def test_now_is_the_wall_clock_in_milliseconds() -> None:
    clock = SystemClock()

    before = time.clock_gettime(time.CLOCK_REALTIME) * 1000
    times = [clock.now(), clock.wall()]
    after = time.clock_gettime(time.CLOCK_REALTIME) * 1000

    assert before - 1 <= times[0] <= times[1] <= after


def test_the_stopwatch_never_goes_back() -> None:
    clock = SystemClock()

    readings = [clock.monotonic() for _ in range(1000)]

    assert readings == sorted(readings)
