"""SIGUSR1 trips the wire from a thread of its own, whatever the other threads are stuck in."""

import contextlib
import signal
import threading
from collections.abc import Callable
from types import FrameType

from trading_mcp.adapters.tripwire.file import FileTripwire
from trading_mcp.domain.errors import StorageUnavailable

SIGNAL = signal.SIGUSR1
_WHY = "the signal SIGUSR1"


def hold_signal() -> None:
    """Keep the signal from ending this thread and those it starts; to be called before any.

    Libraries start threads as they are imported. In one that does not hold it back the signal
    would never reach the listener.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {SIGNAL})


def start_signal_listener(tripwire: FileTripwire) -> threading.Thread:
    """Let the signal trip *tripwire* from now on; to be called in the main thread.

    What holds the interpreter's lock (a C extension in an endless loop) holds the listener too;
    then nothing can be sent either, and the file can be written by another process.
    """
    hold_signal()
    # For threads that were there before: without a handler the signal would end the process.
    signal.signal(SIGNAL, _handler(tripwire))
    thread = threading.Thread(target=_listen, args=[tripwire], name="tripwire", daemon=True)
    thread.start()
    return thread


def _listen(tripwire: FileTripwire) -> None:
    import structlog  # not needed by whoever only looks at the file

    log = structlog.get_logger(__name__)
    while True:
        signal.sigwait({SIGNAL})
        _trip(tripwire)
        log.critical("tripwire_tripped", reason=tripwire.reason())


def _handler(tripwire: FileTripwire) -> Callable[[int, FrameType | None], None]:
    def tripped(number: int, frame: FrameType | None) -> None:
        _trip(tripwire)

    return tripped


def _trip(tripwire: FileTripwire) -> None:
    # A file that cannot be written leaves the object tripped: nothing is sent all the same.
    with contextlib.suppress(StorageUnavailable):
        tripwire.trip(_WHY)
