"""What is said over one WebSocket: who the client is, what it wants to hear."""

import asyncio
import time
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from trading_mcp.api.access import Entrance
from trading_mcp.api.asgi import Message, Receive, Send
from trading_mcp.api.errors import problem
from trading_mcp.api.reading import read_json
from trading_mcp.api.subscribers import Subscriber
from trading_mcp.domain.access import Principal
from trading_mcp.domain.errors import InvalidRequest, TradingError, Unauthorized
from trading_mcp.services.announcements import CHANNELS, Channel
from trading_mcp.services.rates import Rate
from trading_mcp.services.views import iso

POLICY_VIOLATION = 1008
UNAUTHORIZED = 4401
MOST_ERRORS = 20
"""Wrong messages in a row before the connection is closed."""
INTRODUCTION_S = 5.0
"""How long a connection may take to say who it is."""

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


class Auth(Action, frozen=True, kw_only=True, tag="auth"):
    """This is who I am: a token or an API key."""

    token: Annotated[str, Meta(min_length=1)]


AnyAction = Subscribe | Unsubscribe | Ping | Auth


class Conversation:
    """What a client says and what it is answered, until it leaves or goes too far."""

    principal: Principal

    def __init__(
        self,
        subscriber: Subscriber,
        receive: Receive,
        send: Send,
        entrance: Entrance,
        *,
        most_per_second: int,
    ):
        self._subscriber, self._receive, self._send = subscriber, receive, send
        self._entrance, self._most_per_second = entrance, most_per_second
        self._errors = 0
        self._rate = Rate(most_per_second, 1.0, time.monotonic)

    async def introduction(self) -> Principal | None:
        """Return who the client says it is, in its first message; None if it does not, in time."""
        try:
            async with asyncio.timeout(INTRODUCTION_S):
                message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return None
            action = _action(message)
            if not isinstance(action, Auth):
                raise Unauthorized("The first message must be an auth action")
            principal = self._entrance.recognise(action.token)
        except TimeoutError:
            self.send_away(Unauthorized("Nobody has said who it is"))
            return None
        except TradingError as error:
            await self._object(error)
            self.send_away(error)
            return None
        await self._welcome(principal)
        return principal

    def send_away(self, error: TradingError) -> None:
        """End the connection because nobody is behind it, or nobody any more."""
        self._subscriber.channels = frozenset()
        self._subscriber.line.hang_up(UNAUTHORIZED, error.message[:100])

    async def hold(self) -> None:
        """Answer until the connection ends."""
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return None
            if self._is_flood():
                return self._end(f"More than {self._most_per_second} messages in a second")
            await self._hear(message)
            if self._errors >= MOST_ERRORS:
                return self._end(f"{MOST_ERRORS} wrong messages in a row")

    async def _hear(self, message: Message) -> None:
        try:
            await self._do(_action(message))
        except TradingError as error:
            self._errors += 1
            await self._object(error)
        else:
            self._errors = 0

    async def _do(self, action: AnyAction) -> None:
        subscriber = self._subscriber
        match action:
            case Ping():
                await self._say({"type": "pong"})
            case Subscribe(channels=channels):
                await self._agree("subscribed", channels, subscriber.channels | set(channels))
            case Unsubscribe(channels=channels):
                await self._agree("unsubscribed", channels, subscriber.channels - set(channels))
            case Auth(token=token):
                await self._renew(token)

    async def _renew(self, token: str) -> None:
        """Go on under another token of the same user, or key: tokens are short-lived."""
        principal = self._entrance.recognise(token)
        if principal.name != self.principal.name and not self.principal.name.startswith("local:"):
            raise Unauthorized("This connection is another one's; open one of your own")
        self.principal = principal
        await self._welcome(principal)

    async def _welcome(self, principal: Principal) -> None:
        until = principal.expires_at
        await self._say(
            {
                "type": "authenticated",
                "principal": principal.name,
                "scopes": sorted(principal.scopes),
                "expires_at": iso(until) if until is not None else None,
            }
        )

    async def _object(self, error: TradingError) -> None:
        told = problem(error).body()
        del told["success"]
        await self._say({"type": "error", **told})

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
        return self._rate.take("").is_refused

    def _end(self, reason: str) -> None:
        self._subscriber.line.hang_up(POLICY_VIOLATION, reason)


def _action(message: Message) -> AnyAction:
    text = message.get("text")
    if text is None:
        raise InvalidRequest("A message is expected as text, not binary")
    # A union is no class, which is all that the type checker sees in `type[T]`.
    action: AnyAction = read_json(text.encode(), AnyAction)  # type: ignore[arg-type]
    return action
