"""The WebSocket side: who listens to what, and what reaches them."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

from aiohttp import WSMsgType, web

from trading_mcp.testkit.kucoin.chance import Chance

USER = "633559791e1cbc0001f319bc"
_PRIVATE_CHANNELS = ("positionAll",)
_PRIVATE = (
    "/account/",
    "/spotMarket/tradeOrders",
    "/spotMarket/advanced",
    "/contractAccount/",
    "/contractMarket/tradeOrders",
    "/contractMarket/advanced",
    "/contract/position",
)


class Socket:
    """One connection: its subscriptions, and the messages on their way to it."""

    def __init__(self, response: web.WebSocketResponse, *, private: bool):
        self.response, self.private = response, private
        self.topics: set[str] = set()
        self.stalled = False
        self._unsent: asyncio.Queue[str] = asyncio.Queue()
        self._held: list[str] = []

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message, unless the line is silent."""
        if not self.stalled:
            self._unsent.put_nowait(json.dumps(message))

    def tell_oddly(self, message: dict[str, Any], chance: Chance) -> None:
        """Send a message: maybe twice, maybe late, maybe after the next one."""
        faults, loop = chance.faults, asyncio.get_running_loop()
        if chance.happens("late", faults.late_push):
            loop.call_later(faults.late_ms / 1000, self.tell, message)
            return
        if chance.happens("reorder", faults.reorder_push):
            self._held.append(json.dumps(message))
            return
        for _ in range(2 if chance.happens("duplicate", faults.duplicate_push) else 1):
            self.tell(message)
        self.flush()

    def flush(self) -> None:
        """Send what was held back."""
        held, self._held = self._held, []
        for text in held:
            if not self.stalled:
                self._unsent.put_nowait(text)

    def drop(self) -> None:
        """Cut the line without a word."""
        request = self.response._req  # the only way to the transport: aiohttp closes politely
        if request is not None and request.transport is not None:
            request.transport.abort()

    async def write(self) -> None:
        """Send what there is, until the line is cut."""
        while not self.response.closed:
            text = await self._unsent.get()
            try:
                await self.response.send_str(text)
            except (ConnectionError, RuntimeError):
                return


class Hub:
    """Every connection. *on_interest* hears of each new topic, *on_request* of each message."""

    def __init__(self) -> None:
        self.sockets: set[Socket] = set()
        self.tokens: dict[str, bool] = {}
        self.on_interest: Callable[[Socket, str], None] = lambda socket, topic: None
        self.on_request: Callable[[str], None] = lambda text: None

    def new_token(self, *, private: bool) -> str:
        """Return a token that lets somebody in."""
        token = f"loopback-{len(self.tokens) + 1}"
        self.tokens[token] = private
        return token

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends."""
        response = web.WebSocketResponse(autoping=True)
        await response.prepare(request)
        token = request.query.get("token", "")
        socket = Socket(response, private=self.tokens.get(token, False))
        if token not in self.tokens and request.path != "/uta":
            await response.send_json({"type": "error", "code": 401, "data": "token is invalid"})
            await response.close()
            return response
        self.sockets.add(socket)
        writer = asyncio.create_task(socket.write())
        try:
            await self._listen(socket, request.query.get("connectId", "welcome"))
        finally:
            self.sockets.discard(socket)
            writer.cancel()
        return response

    def listeners(self, kind: str, name: str) -> Iterator[tuple[Socket, str]]:
        """Yield who hears of *name* (a market's) under *kind*, with the topic they asked for."""
        for socket in list(self.sockets):
            for topic in (f"{kind}:{name}", kind, f"{kind}:all"):
                if topic in socket.topics:
                    yield socket, topic
                    break

    def wanted(self, kind: str) -> set[str]:
        """Return the names that anybody wants to hear of under *kind*."""
        topics = (topic for socket in self.sockets for topic in socket.topics)
        return {name for found, _, name in (t.partition(":") for t in topics) if found == kind}

    def drop_all(self) -> None:
        """Cut every line."""
        for socket in list(self.sockets):
            socket.drop()

    async def _listen(self, socket: Socket, connect_id: str) -> None:
        socket.tell({"id": connect_id, "type": "welcome"})
        async for message in socket.response:
            if message.type == WSMsgType.TEXT:
                self.on_request(message.data)
                self._answer(socket, json.loads(message.data))

    def _answer(self, socket: Socket, asked: dict[str, Any]) -> None:
        match asked.get("type") or asked.get("action"):
            case "ping":
                socket.tell({"id": asked.get("id"), "type": "pong", "timestamp": 0})
            case "subscribe" if "channel" in asked:
                allowed = socket.private or asked["channel"] not in _PRIVATE_CHANNELS
                socket.tell({"id": asked.get("id"), "result": allowed})
                socket.topics |= _channels(asked) if allowed else set()
            case "subscribe":
                self._subscribe(socket, asked)
            case "unsubscribe":
                socket.topics -= set(_topics(asked["topic"]))
                socket.tell({"id": asked.get("id"), "type": "ack"})
            case _:
                socket.tell({"id": asked.get("id"), "type": "error", "code": 400, "data": "type"})

    def _subscribe(self, socket: Socket, asked: dict[str, Any]) -> None:
        topics = _topics(asked.get("topic", ""))
        if any(is_private(topic) for topic in topics) and not socket.private:
            refused = {"type": "error", "code": 403, "data": "topic needs a private channel"}
            socket.tell({"id": asked.get("id"), **refused})
            return
        if asked.get("response"):
            socket.tell({"id": asked.get("id"), "type": "ack"})
        for topic in topics:
            socket.topics.add(topic)
            self.on_interest(socket, topic)


def is_private(topic: str) -> bool:
    """Say whether a topic tells of an account."""
    return topic.startswith(_PRIVATE)


def _topics(topic: str) -> list[str]:
    kind, colon, names = topic.partition(":")
    return [f"{kind}:{name}" for name in names.split(",")] if colon else [kind]


def _channels(asked: dict[str, Any]) -> set[str]:
    names = asked.get("symbols") or ([asked["symbol"]] if asked.get("symbol") else [])
    channel = f"uta/{asked['channel']}"
    return {f"{channel}:{name}" for name in names} if names else {channel}
