"""The WebSocket: subscribe to channels, be told what happens."""

import time
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from trading_mcp.api.asgi import Message, Receive, Scope, Send
from trading_mcp.api.errors import Busy, problem
from trading_mcp.api.reading import read_json
from trading_mcp.api.subscribers import Line, Subscriber, Subscribers
from trading_mcp.domain.errors import InvalidRequest, NotFound, TradingError
from trading_mcp.services.announcements import CHANNELS, Channel

PATH = "/ws"
LINE = "trading_mcp.line"
"""The key of the connection's `Line` among a WebSocket scope's extensions."""
POLICY_VIOLATION = 1008
MOST_ERRORS = 20
"""Wrong messages in a row before the connection is closed."""
MOST_PER_SECOND = 50

Channels = Annotated[tuple[Channel, ...], Meta(min_length=1, max_length=100)]


class Action(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="action", forbid_unknown_fields=True
):
    """What a client may ask for."""


class Subscribe(Action, frozen=True, kw_only=True, tag="subscribe"):
    """Tell me of these too."""

    channels: Channels


class Unsubscribe(Action, frozen=True, kw_only=True, tag="unsubscribe"):
    """Tell me of these no longer."""

    channels: Channels


class Ping(Action, frozen=True, kw_only=True, tag="ping"):
    """Are you there?"""


AnyAction = Subscribe | Unsubscribe | Ping


class WebSockets:
    """Serves WebSocket connections, *most* at a time."""

    def __init__(self, subscribers: Subscribers, *, most: int):
        self._subscribers, self._most = subscribers, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection. Raises TradingError before it is accepted."""
        if scope["path"] != PATH:
            raise NotFound("No such path; the WebSocket is at /ws")
        if len(self._subscribers) >= self._most:
            raise Busy(f"{self._most} WebSocket connections are open, as many as there may be")
        await receive()
        await send({"type": "websocket.accept"})
        line: Line = scope["extensions"][LINE]
        subscriber = self._subscribers.join(line)
        try:
            await Conversation(subscriber, receive, send).hold()
        finally:
            self._subscribers.leave(subscriber)


class Conversation:
    """What a client says and what it is answered, until it leaves or goes too far."""

    def __init__(self, subscriber: Subscriber, receive: Receive, send: Send):
        self._subscriber, self._receive, self._send = subscriber, receive, send
        self._errors = 0
        self._second, self._in_second = 0, 0

    async def hold(self) -> None:
        """Answer until the connection ends."""
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return None
            if self._is_flood():
                return self._end(f"More than {MOST_PER_SECOND} messages in a second")
            await self._hear(message)
            if self._errors >= MOST_ERRORS:
                return self._end(f"{MOST_ERRORS} wrong messages in a row")

    async def _hear(self, message: Message) -> None:
        try:
            action = _action(message)
        except TradingError as error:
            self._errors += 1
            told = problem(error).body()
            del told["success"]
            await self._say({"type": "error", **told})
        else:
            self._errors = 0
            await self._do(action)

    async def _do(self, action: AnyAction) -> None:
        subscriber = self._subscriber
        match action:
            case Ping():
                await self._say({"type": "pong"})
            case Subscribe(channels=channels):
                await self._agree("subscribed", channels, subscriber.channels | set(channels))
            case Unsubscribe(channels=channels):
                await self._agree("unsubscribed", channels, subscriber.channels - set(channels))

    async def _agree(
        self, kind: str, asked: tuple[Channel, ...], channels: frozenset[Channel]
    ) -> None:
        active = [channel for channel in CHANNELS if channel in channels]
        # First the answer, then the channels: no announcement comes before its answer.
        await self._say({"type": kind, "channels": list(dict.fromkeys(asked)), "active": active})
        self._subscriber.channels = channels

    async def _say(self, told: dict[str, Any]) -> None:
        await self._send({"type": "websocket.send", "text": msgspec.json.encode(told).decode()})

    def _is_flood(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._in_second = second, 0
        self._in_second += 1
        return self._in_second > MOST_PER_SECOND

    def _end(self, reason: str) -> None:
        self._subscriber.line.hang_up(POLICY_VIOLATION, reason)


def _action(message: Message) -> AnyAction:
    text = message.get("text")
    if text is None:
        raise InvalidRequest("A message is expected as text, not binary")
    # A union is no class, which is all that the type checker sees in `type[T]`.
    action: AnyAction = read_json(text.encode(), AnyAction)  # type: ignore[arg-type]
    return action
