"""The hub: facts go in once, every listener hears them. It waits for nobody."""

from collections.abc import Callable

import structlog

Listener = Callable[[object], None]
log = structlog.get_logger(__name__)


class Hub:
    """Passes facts (committed entries, position marks) on to listeners, in order.

    A listener must return at once; one that raises is heard of in the log and changes nothing.
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Pass every later fact to *listener*; call the answer to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self, *facts: object) -> None:
        """Pass *facts* to every listener."""
        for fact in facts:
            for listener in tuple(self._listeners):
                try:
                    listener(fact)
                except Exception:  # one listener's fault must not reach the engine or the others
                    log.exception("listener_failed", fact=type(fact).__name__)
