"""Who may knock: requests that call the server by its name, from pages it trusts.

A web page can make a browser send requests to a server on the same machine, and with a name
whose address changes it can read the answers too. Neither comes with our Host and our Origin.
"""

import ipaddress

from trading_mcp.api.asgi import Scope
from trading_mcp.api.errors import Misdirected
from trading_mcp.api.settings import ServerSettings
from trading_mcp.domain.errors import Forbidden, TradingError

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_PAGE_SCHEMES = {"ws": "http", "wss": "https"}


class Doors:
    """Checks a request's Host and Origin, both exactly."""

    def __init__(self, settings: ServerSettings):
        self._allowed = frozenset(host.lower() for host in settings.allowed_hosts)
        self._names = {*_LOOPBACK, *_named(settings.host)} | self._allowed
        self._origins = frozenset(origin.lower().rstrip("/") for origin in settings.allowed_origins)
        self._hosts: dict[tuple[str, int | None], frozenset[str]] = {}

    def objection(self, scope: Scope) -> TradingError | None:
        """Return why *scope*'s request may not come in, or None."""
        hosts, origins = _values(scope, b"host"), _values(scope, b"origin")
        if len(hosts) != 1 or hosts[0] not in self._ours(scope):
            return Misdirected(
                "The Host header names another server",
                hint="server.allowed_hosts lists further names.",
                found=", ".join(hosts)[:100],
            )
        if origins and not self._trusted(origins, hosts[0], scope["scheme"]):
            return Forbidden(
                "Pages of this origin may not call the server",
                hint="server.allowed_origins lists those that may.",
                found=", ".join(origins)[:100],
            )
        return None

    def _ours(self, scope: Scope) -> frozenset[str]:
        """Return what Host may be on the listener that was called."""
        scheme, port = scope["scheme"], (scope.get("server") or ("", None))[1]
        if (scheme, port) not in self._hosts:
            with_port = {f"{name}:{port}" for name in self._names}
            plain = self._names if port in (None, _DEFAULT_PORTS[scheme]) else self._allowed
            self._hosts[scheme, port] = frozenset(with_port | plain)
        return self._hosts[scheme, port]

    def _trusted(self, origins: list[str], host: str, scheme: str) -> bool:
        ours = f"{_PAGE_SCHEMES.get(scheme, scheme)}://{host}"
        return all(origin == ours or origin in self._origins for origin in origins)


def _named(host: str) -> tuple[str, ...]:
    """Return *host* as a Host header has it; nothing for an address that means all of ours."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return (host.lower(),)
    if address.is_unspecified:
        return ()
    return (f"[{address}]" if address.version == 6 else str(address),)


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1").lower() for key, value in scope["headers"] if key == name]
