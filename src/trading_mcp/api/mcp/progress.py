"""Tells a client that asked for it how far its call is."""

import asyncio
import contextlib
import contextvars
from collections.abc import Callable, Iterator

import structlog
from fastmcp.server.dependencies import get_context

Told = Callable[[float, str], None]
log = structlog.get_logger(__name__)


@contextlib.contextmanager
def progress() -> Iterator[Told | None]:
    """Yield what takes the share that is done (0 to 1), and what is being done.

    What is told after the block has ended is heard by nobody. None: there is no client.
    """
    try:
        context = get_context()
    except RuntimeError:
        yield None
        return
    sending, call = set[asyncio.Task[None]](), contextvars.copy_context()
    loop = asyncio.get_running_loop()

    def tell(share: float, doing: str) -> None:
        # As part of the call: whoever tells may have come from elsewhere, and know no client.
        task = loop.create_task(context.report_progress(share, 1.0, doing), context=call)
        sending.add(task)
        task.add_done_callback(_done)

    def _done(task: asyncio.Task[None]) -> None:
        sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("progress_not_told", error=type(error).__name__)  # the client has gone

    try:
        yield tell
    finally:
        for task in sending:
            task.cancel()
