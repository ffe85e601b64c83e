"""Where messages may go: public addresses only, unless the settings allow others.

Who configures a channel decides where this machine connects to. Without a check that could be
its own services, its network's, or a cloud's metadata address, which nobody outside can reach.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence

Resolve = Callable[[str, int], Sequence[str]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_IN_DISGUISE = ["2001::/32", "2002::/16", "64:ff9b::/96", "64:ff9b:1::/48", "192.88.99.0/24"]
"""Teredo, 6to4, NAT64 and the relay: any IPv4 address may stand in or behind them."""
_WITH_IPV4 = ["::/96", "::ffff:0:0/96", "::ffff:0:0:0/96"]
_CLOUDS_OWN = ["168.63.129.16/32", "192.0.0.0/24"]
"""Not private to every version of Python, and the inside of a cloud."""
_NEVER = [ipaddress.ip_network(net) for net in (*_IN_DISGUISE, *_WITH_IPV4, *_CLOUDS_OWN)]


class ForbiddenTarget(Exception):
    """A host that messages may not go to; the message says why."""


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the host's addresses, as the system finds them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Say whether *address* is one host's on the internet, reached as what it is."""
    if "%" in address:  # an address of one of this machine's own networks
        return False
    ip = ipaddress.ip_address(address)
    return (
        ip.is_global
        and not ip.is_multicast
        and not ip.is_reserved
        and not (isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local)
        and not any(ip in net for net in _NEVER)
    )


class Targets:
    """Looks up hosts and refuses what may not be reached. *resolve* may be another in tests."""

    def __init__(self, *, allow_private: bool, resolve: Resolve = resolve):
        self._allow_private, self._resolve = allow_private, resolve

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses to connect to. Raises ForbiddenTarget, also if one of them is.

        Whoever connects must use these: looked up again, the name may mean another.
        """
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError):
            raise ForbiddenTarget("the host's address cannot be found") from None
        if not found:
            raise ForbiddenTarget("the host has no address")
        if not self._allow_private and not all(map(is_public, found)):
            raise ForbiddenTarget(
                "the host is not on the public internet (alerts.allow_private_targets permits it)"
            )
        return found
