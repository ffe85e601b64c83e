"""The WebSocket connections: how many there may be, and that everybody may still stay."""

import asyncio

import structlog

from trading_mcp.api.access import VISITOR, Entrance, Visitor
from trading_mcp.api.asgi import Receive, Scope, Send
from trading_mcp.api.conversation import Conversation
from trading_mcp.api.errors import Busy
from trading_mcp.api.subscribers import Line, Subscribers
from trading_mcp.domain.access import Principal
from trading_mcp.domain.access import Scope as Scoped
from trading_mcp.domain.errors import NotFound, TradingError
from trading_mcp.services.guarding import must_have

log = structlog.get_logger(__name__)
PATH = "/ws"
SCOPE: Scoped = "read"
"""What a connection needs."""
LINE = "trading_mcp.line"
"""The key of the connection's `Line` among a WebSocket scope's extensions."""
MOST_STRANGERS = 100
"""How many connections may not have said yet who they are."""
CHECK_EVERY_S = 1.0
"""How often it is asked whether everybody may still stay."""


class WebSockets:
    """Serves WebSocket connections, *most* at a time, *most_per_second* messages from each."""

    def __init__(
        self, subscribers: Subscribers, entrance: Entrance, *, most: int, most_per_second: int
    ):
        self._subscribers, self._entrance = subscribers, entrance
        self._most, self._most_per_second = most, most_per_second
        self._open: set[Conversation] = set()
        self._strangers = 0
        self._next_check: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection. Raises TradingError before it is accepted."""
        visitor: Visitor = scope[VISITOR]
        self._may_connect(scope, visitor)
        await receive()
        await send({"type": "websocket.accept"})
        line: Line = scope["extensions"][LINE]
        subscriber = self._subscribers.join(line)
        conversation = Conversation(
            subscriber, receive, send, self._entrance, most_per_second=self._most_per_second
        )
        try:
            known = visitor if isinstance(visitor, Principal) else await self._met(conversation)
            if known is not None:
                await self._hold(conversation, known)
        finally:
            self._subscribers.leave(subscriber)

    def _may_connect(self, scope: Scope, visitor: Visitor) -> None:
        if scope["path"] != PATH:
            raise NotFound("No such path; the WebSocket is at /ws")
        if len(self._subscribers) >= self._most:
            raise Busy(f"{self._most} WebSocket connections are open, as many as there may be")
        if isinstance(visitor, Principal):
            must_have(SCOPE, visitor.scopes, "the WebSocket")
        elif not visitor.is_silent:
            raise visitor.objection
        elif self._strangers >= MOST_STRANGERS:
            raise Busy("Too many connections have not said yet who they are")

    async def _met(self, conversation: Conversation) -> Principal | None:
        self._strangers += 1
        try:
            return await conversation.introduction()
        finally:
            self._strangers -= 1

    async def _hold(self, conversation: Conversation, principal: Principal) -> None:
        conversation.principal = principal
        self._open.add(conversation)
        self._check_soon()
        try:
            await conversation.hold()
        finally:
            self._open.discard(conversation)

    def _check_soon(self) -> None:
        if self._open and self._next_check is None:
            loop = asyncio.get_running_loop()
            self._next_check = loop.call_later(CHECK_EVERY_S, self._check)

    def _check(self) -> None:
        """Send away whose token or key has ended, and look again later."""
        self._next_check = None
        try:
            for conversation in tuple(self._open):
                if objection := self._entrance.objection(conversation.principal):
                    conversation.send_away(objection)
        except TradingError as error:
            log.warning("sockets_not_checked", reason=error.message)
        self._check_soon()
