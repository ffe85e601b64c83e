"""Alerts as JSON to somebody's own server, over a connection to the address that was checked.

Not through apprise: it would look the host up once more, and could not sign the body.
"""

import hashlib
import hmac
import http.client
import socket
import ssl
from collections.abc import Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from trading_mcp.adapters.messengers.secrets import revealed
from trading_mcp.adapters.messengers.targets import ForbiddenTarget, Targets
from trading_mcp.domain.alerts import NotDelivered, WebhookConfig

PORTS = {"http": 80, "https": 443}
SIGNATURE, SIGNED_AT = "X-Trading-MCP-Signature", "X-Trading-MCP-Timestamp"


def parsed(url: str) -> SplitResult:
    """Return the parts of *url*. Raises ValueError for one that must not be called."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise ValueError("only http and https are called")
    if not parts.hostname:
        raise ValueError("it names no host")
    if "@" in parts.netloc or "\\" in url:
        raise ValueError("a name or password in it would be shown to others: use `secret`")
    _ = parts.port  # raises ValueError
    return parts


def addresses_of(url: SplitResult, targets: Targets) -> Sequence[str]:
    """Return where *url* may be called. Raises ForbiddenTarget."""
    return targets.addresses(url.hostname or "", url.port or PORTS[url.scheme])


def post(
    config: WebhookConfig, message: dict[str, Any], *, targets: Targets, timeout: float, at: int
) -> None:
    """Post *message*; *at* (wall time, UTC ms) is when. Raises NotDelivered."""
    try:
        url = parsed(revealed(config.url))
        addresses = addresses_of(url, targets)
    except (ValueError, ForbiddenTarget) as error:
        raise NotDelivered(str(error)) from None
    body = msgspec.json.encode(message)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "trading-mcp",
        **_signature(config, body, at),
    }
    connection = _Pinned(url, addresses, timeout)
    path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    try:
        connection.request("POST", path, body, headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        # Its text may quote the address, which can be a secret.
        raise NotDelivered(f"no answer: {type(error).__name__}") from None
    finally:
        connection.close()
    if 300 <= status < 400:
        raise NotDelivered(f"HTTP {status}: redirects are not followed")
    if not 200 <= status < 300:
        raise NotDelivered(f"HTTP {status}")


class _Pinned(http.client.HTTPConnection):
    """A connection to addresses that were checked, whatever the name means by now."""

    def __init__(self, url: SplitResult, addresses: Sequence[str], timeout: float):
        super().__init__(url.hostname or "", url.port or PORTS[url.scheme], timeout=timeout)
        self.default_port = PORTS[url.scheme]
        self._addresses, self._is_safe = addresses, url.scheme == "https"

    def connect(self) -> None:
        """Connect to the first address that answers."""
        for number, address in enumerate(self._addresses, 1):
            try:
                self.sock = socket.create_connection((address, self.port), self.timeout)
                break
            except OSError:
                if number == len(self._addresses):
                    raise
        if self._is_safe:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)


def _signature(config: WebhookConfig, body: bytes, at: int) -> dict[str, str]:
    if not config.secret:
        return {}
    signed = f"{at}.".encode() + body
    found = hmac.new(revealed(config.secret).encode(), signed, hashlib.sha256).hexdigest()
    return {SIGNED_AT: str(at), SIGNATURE: f"sha256={found}"}
