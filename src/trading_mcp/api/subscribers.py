"""Fan-out: each announcement is encoded once, waits in bounded queues, and holds up nobody.

One pump writes to all subscribers, a few milliseconds at a time. A task for each of a thousand
subscribers would take twice the time, and all of it in one go.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from websockets.frames import Frame, Opcode

from trading_mcp.services.announcements import Announcement, Channel

SLICE_S = 0.004
"""The pump lets others run after this long."""
TRY_AGAIN_LATER = 1013


class Line(Protocol):
    """The connection to one subscriber."""

    on_writable: Callable[[], None]

    def is_writable(self) -> bool:
        """Say whether the subscriber has read most of what was written."""

    def write(self, frames: bytes) -> None:
        """Send whole WebSocket frames. Returns at once."""

    def hang_up(self, code: int, reason: str) -> None:
        """Close the connection. Returns at once; a subscriber that reads nothing is cut off."""


class Subscriber:
    """What waits for one connection: the newest of each state, and every event."""

    def __init__(self, line: Line, *, most: int):
        self.line = line
        self.channels: frozenset[Channel] = frozenset()
        self.is_due = False
        self._most = most
        self._events: deque[bytes] = deque()
        self._states: dict[str, bytes] = {}

    def offer(self, key: str | None, frame: bytes) -> bool:
        """Let *frame* wait; False if it is an event and no more of them may wait."""
        if key is None:
            self._events.append(frame)
            return len(self._events) <= self._most
        self._states[key] = frame
        if len(self._states) > self._most:
            # Of so many states at once the longest unsent goes; its next value comes soon.
            del self._states[next(iter(self._states))]
        return True

    def flush(self) -> None:
        """Write all that waits, if the connection takes it."""
        if (self._events or self._states) and self.line.is_writable():
            self.line.write(b"".join((*self._events, *self._states.values())))
            self.clear()

    def clear(self) -> None:
        """Forget what waits."""
        self._events.clear()
        self._states.clear()


class Subscribers:
    """All subscribers. *most*: how many events, and how many states, may wait for one of them."""

    def __init__(self, *, most: int):
        self._most = most
        self._all: dict[Subscriber, None] = {}
        self._due: deque[Subscriber] = deque()
        self._pumping = False

    def __len__(self) -> int:
        return len(self._all)

    def join(self, line: Line) -> Subscriber:
        """Add a subscriber. It hears nothing before it has channels."""
        subscriber = Subscriber(line, most=self._most)
        line.on_writable = lambda: self._wake(subscriber)
        self._all[subscriber] = None
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """Remove a subscriber; one that is gone already stays gone."""
        self._all.pop(subscriber, None)
        subscriber.clear()

    def hear(self, announcement: Announcement) -> None:
        """Pass *announcement* to its channel's subscribers. Returns at once."""
        if not self._all:
            return
        frame = Frame(Opcode.TEXT, announcement.payload).serialize(mask=False)
        for subscriber in tuple(self._all):
            if announcement.channel in subscriber.channels:
                if subscriber.offer(announcement.key, frame):
                    self._wake(subscriber)
                else:
                    self._drop(subscriber)

    def _drop(self, subscriber: Subscriber) -> None:
        # An event must not be lost in silence: who can't keep up asks anew after reconnecting.
        self.leave(subscriber)
        subscriber.line.hang_up(TRY_AGAIN_LATER, f"Too slow: {self._most} events waited")

    def _wake(self, subscriber: Subscriber) -> None:
        if not subscriber.is_due:
            subscriber.is_due = True
            self._due.append(subscriber)
        if not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        until = time.perf_counter() + SLICE_S
        while self._due:
            subscriber = self._due.popleft()
            subscriber.is_due = False
            subscriber.flush()
            if time.perf_counter() > until:
                asyncio.get_running_loop().call_soon(self._pump)
                return
        self._pumping = False
