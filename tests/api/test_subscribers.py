"""Fan-out: what may be replaced is, what may not is not, and nobody is waited for."""

import asyncio
from collections.abc import Callable

from websockets.frames import Frame, Opcode

from trading_mcp.api.subscribers import Subscriber, Subscribers
from trading_mcp.services.announcements import Announcement, Channel


class FakeLine:
    """A connection that takes what it is given while it is open."""

    on_writable: Callable[[], None]

    def __init__(self) -> None:
        self.is_open = True
        self.written = b""
        self.ended: tuple[int, str] | None = None

    def is_writable(self) -> bool:
        return self.is_open

    def write(self, frames: bytes) -> None:
        self.written += frames

    def hang_up(self, code: int, reason: str) -> None:
        self.ended = (code, reason)


def joined(subscribers: Subscribers, *channels: Channel) -> tuple[Subscriber, FakeLine]:
    line = FakeLine()
    subscriber = subscribers.join(line)
    subscriber.channels = frozenset(channels)
    return subscriber, line


def event(text: str) -> Announcement:
    return Announcement(channel="trades", key=None, payload=text.encode())


def state(key: str, text: str) -> Announcement:
    return Announcement(channel="positions", key=key, payload=text.encode())


def frames(*texts: str) -> bytes:
    return b"".join(Frame(Opcode.TEXT, text.encode()).serialize(mask=False) for text in texts)


async def pumped() -> None:
    """Let the pump run: it was called before this."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_soon(done.set)
    await done.wait()


async def test_each_hears_its_channels() -> None:
    subscribers = Subscribers(most=8)
    _, trades = joined(subscribers, "trades")
    _, both = joined(subscribers, "trades", "positions")
    _, none = joined(subscribers)

    subscribers.hear(event("sold"))
    subscribers.hear(state("pos_1", "up"))
    await pumped()

    assert (trades.written, both.written) == (frames("sold"), frames("sold", "up"))
    assert none.written == b""


async def test_one_who_lags_gets_all_events_and_the_newest_of_each_state() -> None:
    subscribers = Subscribers(most=8)
    _, line = joined(subscribers, "trades", "positions")
    line.is_open = False

    for announcement in (state("a", "1"), event("x"), state("b", "2"), state("a", "3"), event("y")):
        subscribers.hear(announcement)
    await pumped()
    assert line.written == b""

    line.is_open = True
    line.on_writable()
    await pumped()

    assert line.written == frames("x", "y", "3", "2")


async def test_one_who_misses_too_many_events_is_sent_away() -> None:
    subscribers = Subscribers(most=2)
    _, line = joined(subscribers, "trades")
    line.is_open = False

    for number in range(4):
        subscribers.hear(event(str(number)))
    await pumped()

    assert line.ended == (1013, "Too slow: 2 events waited")
    assert line.written == b""
    assert len(subscribers) == 0


async def test_states_alone_send_nobody_away() -> None:
    subscribers = Subscribers(most=2)
    _, line = joined(subscribers, "positions")
    line.is_open = False

    for number in range(4):
        subscribers.hear(state(f"pos_{number}", str(number)))
    line.is_open = True
    await pumped()

    assert line.ended is None
    assert line.written == frames("2", "3")


async def test_one_who_left_hears_nothing() -> None:
    subscribers = Subscribers(most=2)
    subscriber, line = joined(subscribers, "trades")

    subscribers.hear(event("late"))
    subscribers.leave(subscriber)
    subscribers.leave(subscriber)
    await pumped()

    assert line.written == b""
