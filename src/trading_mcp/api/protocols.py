"""uvicorn's protocols with what they lack: an end to waiting, and a quick way to many sockets."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from trading_mcp.api.ws import LINE

HEAD_TIMEOUT_S = 10.0
"""From a request's first byte (or the connection) to the end of its headers."""
HEAD_BYTES = 65_536
"""Headers that are longer, beyond the first piece that arrives, are refused."""
LAST_WORDS_S = 1.0
"""After this long a closed WebSocket whose client reads nothing is cut off."""
PINGS_PER_SECOND = 50
"""A client that pings more often is cut off: its pings are no messages, and pass no other limit."""

_NO_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class HttpProtocol(HttpToolsProtocol):
    """HTTP that neither waits for ever for a request's headers nor takes endless ones."""

    _patience: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take *data*; if it begins a request, the rest of its headers must follow soon."""
        goes_on = self._patience is not None
        if not goes_on and (self.cycle is None or self.cycle.response_complete):
            self._wait()
        super().data_received(data)
        if goes_on and self._patience is not None:
            self._count(len(data))

    def on_message_begin(self) -> None:
        """Begin to wait for a request that came together with another one."""
        if self._patience is None:
            self._wait()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header without the white space around its value: it is no part of it."""
        super().on_header(name, value.strip(b" \t"))

    def on_headers_complete(self) -> None:
        """Wait no more."""
        self._wait_no_more()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._head_bytes = 0
        self._patience = self.loop.call_later(HEAD_TIMEOUT_S, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Headers too long.")


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket that takes ready-made frames and does not linger when its client does not read.

    It is the `Line` that fan-out writes to.
    """

    on_writable: Callable[[], None] = staticmethod(lambda: None)
    _second, _pings = 0, 0

    async def run_asgi(self) -> None:
        """Run the application, and let it know the line."""
        extensions = cast(dict[str, Any], self.scope["extensions"])
        extensions[LINE] = self
        await super().run_asgi()

    def data_received(self, data: bytes) -> None:
        """Take *data*. Refuse what is no handshake: uvicorn would leave it hanging for ever."""
        if self.handshake_initiated:
            super().data_received(data)
            return
        self.conn.receive_data(data)
        if self.conn.handshake_exc is None:
            self.handle_events()
        else:
            self.handshake_complete = self.close_sent = True
            self.transport.write(_NO_HANDSHAKE)
            self.transport.close()

    def is_writable(self) -> bool:
        """Say whether less than 64 kB wait for the client."""
        return self.writable.is_set()

    def write(self, frames: bytes) -> None:
        """Send whole frames."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frames)

    def hang_up(self, code: int, reason: str) -> None:
        """Close the connection, and cut it off if the client does not read that."""
        if not self.close_sent and not self.transport.is_closing():
            self.stop_keepalive()
            self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
            self.conn.send_close(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
            self._await_reply()

    def resume_writing(self) -> None:
        """Let what waits be written."""
        super().resume_writing()
        self.on_writable()

    def handle_ping(self) -> None:
        """Answer a ping; not without end, and not into the memory of a client that never reads."""
        second = int(self.loop.time())
        self._second, self._pings = second, self._pings + 1 if second == self._second else 1
        if self._pings > PINGS_PER_SECOND:
            self.transport.abort()
        else:
            super().handle_ping()

    def shutdown(self) -> None:
        """Close because the server stops; that must not wait for clients."""
        super().shutdown()
        self._cut_off_soon()

    def keepalive_timeout(self) -> None:
        """Close because the client does not answer; it will not read a farewell either."""
        super().keepalive_timeout()
        self._cut_off_soon()

    def _await_reply(self) -> None:
        """Read on until the client agrees to close, or for a while.

        Closing with something unread would reset the connection, and our reason with it.
        """
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self._cut_off_soon()

    def _cut_off_soon(self) -> asyncio.TimerHandle:
        return self.loop.call_later(LAST_WORDS_S, self.transport.abort)
