"""Which address a request comes from, seen through the proxies that are trusted to say it."""

import ipaddress
from collections.abc import Iterable

from trading_mcp.api.asgi import Scope

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Clients:
    """Finds a request's client. *trusted*: the proxies, as addresses or networks.

    Each proxy adds at the end of X-Forwarded-For whom it was called by; what stands before was
    told to it and may be made up. So the list is read from its end, past the proxies that are
    trusted, to the first address that is not.
    """

    def __init__(self, trusted: Iterable[str] = ()):
        self._trusted = [network(text) for text in trusted]

    def address(self, scope: Scope) -> str:
        """Return the client's address, or "" if there is none."""
        peer = (scope.get("client") or ("", 0))[0]
        if not self._trusted or not self._is_trusted(peer):
            return peer
        told = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        for hop in reversed(told.decode("latin-1").split(",")):
            if _address(hop.strip()) is None:
                break  # not an address: whoever wrote it did not know either
            peer = hop.strip()
            if not self._is_trusted(peer):
                break
        return peer

    def _is_trusted(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._trusted)


def network(text: str) -> Network:
    """Read an address or a network. Raises ValueError."""
    return ipaddress.ip_network(text)


def household(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that one IPv6 line has."""
    known = _address(address)
    if isinstance(known, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known) if known else address


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches *host*."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # IPv4 through an IPv6 socket is IPv4.
    return getattr(address, "ipv4_mapped", None) or address
