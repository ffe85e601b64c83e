"""The pool that requests are paid from."""

from aiohttp import web

from trading_mcp.testkit.kucoin.answers import refused
from trading_mcp.testkit.kucoin.slips import Refusal

_WINDOW_MS, _COST = 30_000, 2


class Pool:
    """So much for 30 seconds, from the first request on; then it is full again."""

    def __init__(self, limit: int):
        self._limit, self._left, self._until = limit, limit, 0
        self._now = 0

    def spend(self, now: int) -> dict[str, str] | None:
        """Pay for one request; return what the answer says of it, None if there is too little."""
        self._now = now
        if now >= self._until:
            self._left, self._until = self._limit, now + _WINDOW_MS
        if self._left < _COST:
            return None
        self._left -= _COST
        return self._headers()

    def refusal(self) -> web.Response:
        """Return the answer to a request that can't be paid for."""
        response = refused(Refusal("429000", "Too Many Requests", 429))
        response.headers.update(self._headers())
        return response

    def _headers(self) -> dict[str, str]:
        return {
            "gw-ratelimit-limit": str(self._limit),
            "gw-ratelimit-remaining": str(self._left),
            "gw-ratelimit-reset": str(max(self._until - self._now, 0)),
        }
