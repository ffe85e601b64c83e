"""The progress of a download on standard error: a bar on a terminal, else a line now and then."""

import sys
from collections.abc import Callable

from trading_mcp.cli.tables import day_and_time
from trading_mcp.services.history.events import Event, Fetched, Kept, Waiting

_WIDTH = 30
_EVERY_S = 10.0
_CLEAR = "\r\x1b[K"


class Progress:
    """Shows what a download tells; *kept* is how many candles are on disk."""

    def __init__(self, name: str, *, quiet: bool, monotonic: Callable[[], float]):
        self._name, self._quiet, self._monotonic = name, quiet, monotonic
        self._is_terminal = sys.stderr.isatty()
        self._began = monotonic()
        self._said_at: float | None = None
        self.kept = 0

    def tell(self, event: Event) -> None:
        """Show *event*."""
        match event:
            case Kept():
                self.kept += event.candles
            case Fetched() if event.of_ms:
                self._show(event)
            case Waiting():
                self._say(f"{event.reason}; asking again in {event.seconds:g} s")
            case Fetched():
                pass

    def end(self) -> None:
        """Leave the terminal as it was."""
        if self._is_terminal and not self._quiet:
            print(_CLEAR, end="", file=sys.stderr, flush=True)

    def _show(self, event: Fetched) -> None:
        if self._quiet:
            return
        done = event.done_ms / event.of_ms
        told = f"{done:4.0%}  {day_and_time(event.until)}  {event.candles:,} candles"
        if self._is_terminal:
            bar = ("#" * round(done * _WIDTH)).ljust(_WIDTH)
            line = f"{_CLEAR}{self._name}  [{bar}] {told}{self._left(done)}"
            print(line, end="", file=sys.stderr, flush=True)
        elif self._is_due() or done == 1:
            print(f"{self._name}  {told}", file=sys.stderr, flush=True)

    def _say(self, text: str) -> None:
        if not self._quiet:
            clear = _CLEAR if self._is_terminal else ""
            print(f"{clear}{self._name}  {text}", file=sys.stderr, flush=True)

    def _is_due(self) -> bool:
        now = self._monotonic()
        if self._said_at is not None and now - self._said_at < _EVERY_S:
            return False
        self._said_at = now
        return True

    def _left(self, done: float) -> str:
        if done <= 0:
            return ""
        seconds = round((self._monotonic() - self._began) * (1 / done - 1))
        return f"  {seconds // 60}:{seconds % 60:02} left"
