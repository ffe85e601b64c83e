"""How much may be asked: per address, and of the tools per key."""

import math
from collections.abc import Callable

import msgspec

from trading_mcp.api.addresses import household
from trading_mcp.api.asgi import Header
from trading_mcp.api.settings import RateLimitSettings
from trading_mcp.domain.access import Principal
from trading_mcp.domain.errors import TooManyRequests
from trading_mcp.services.rates import Allowance, Rate

EXCESS = "trading_mcp.excess"
"""The key, in the scope of an MCP request with one call too many, of the error that says so."""


class _Message(msgspec.Struct, frozen=True):
    """As much of a JSON-RPC message as is looked at here."""

    method: str = ""


class RateLimits:
    """Counts requests. *wall* tells the time (UTC ms) for people, *monotonic* that for counting."""

    def __init__(
        self,
        settings: RateLimitSettings,
        *,
        wall: Callable[[], int],
        monotonic: Callable[[], float],
    ):
        self._wall = wall
        self._requests = Rate(settings.requests_per_minute, 60, monotonic)
        self._knocks = Rate(settings.requests_per_minute, 60, monotonic)
        self._calls = Rate(settings.mcp_calls_per_hour, 3600, monotonic)

    def request(self, address: str) -> Allowance:
        """Count a request that is not MCP's."""
        return self._requests.take(household(address))

    def knock(self, address: str) -> Allowance:
        """Count an MCP request before it is known who asks."""
        return self._knocks.take(household(address))

    def let_in(self, address: str, body: bytes) -> None:
        """Take back a knock: agents' requests count as calls, and only if a tool is called.

        Not one that opens a session, which the server keeps for half an hour after its last use.
        """
        if _method(body) != "initialize":
            self._knocks.give_back(household(address))

    def call(self, principal: Principal, address: str, body: bytes) -> Allowance | None:
        """Count a tool's call, if *body* is one, for its key or user, or else for its address."""
        if _method(body) not in ("tools/call", None):
            return None
        is_known = not principal.name.startswith("local:")
        return self._calls.take(principal.name if is_known else household(address))

    def headers(self, allowance: Allowance) -> list[Header]:
        """Return what the answer says of *allowance*."""
        reset = math.ceil(self._wall() / 1000 + allowance.reset_s)
        told = {"limit": allowance.limit, "remaining": allowance.remaining, "reset": reset}
        return [(f"x-ratelimit-{name}".encode(), str(n).encode()) for name, n in told.items()]


def excess(allowance: Allowance, what: str = "requests in a minute") -> TooManyRequests | None:
    """Return the error that *allowance*, of *what*, amounts to."""
    if not allowance.is_refused:
        return None
    return TooManyRequests(
        f"More than {allowance.limit} {what}",
        retry_after_s=allowance.retry_after_s,
        hint="Wait as long as `retry_after_s` says.",
        limit=allowance.limit,
    )


def _method(body: bytes) -> str | None:
    """Return what *body* asks for; None if that cannot be read here: whoever reads it more kindly
    may find a call in it."""
    if not body:
        return ""  # listening to a session, or ending it
    try:
        return msgspec.json.decode(body, type=_Message).method
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
