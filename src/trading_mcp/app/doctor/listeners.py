"""The ports: are they free, or held by our own running server?"""

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

from trading_mcp.api.settings import ServerSettings
from trading_mcp.app.doctor.findings import Finding, fail, ok

_KEYS = {"gateway": "port", "rest": "rest_port", "mcp": "mcp_port"}


def listeners(settings: ServerSettings, running: dict[str, Any] | None) -> Iterator[Finding]:
    """Try to listen where the server would; *running* is the server on this data directory."""
    # All are held until the last one was tried: two of the same number are found out.
    with contextlib.ExitStack() as stack:
        for name, key in _KEYS.items():
            yield _tried(name, key, settings, running or {}, stack)


def _tried(
    name: str,
    key: str,
    settings: ServerSettings,
    running: dict[str, Any],
    stack: contextlib.ExitStack,
) -> Finding:
    check, port = f"server.{key}", getattr(settings, key)
    if port in ("off", 0):
        return ok(check, "off" if port == "off" else "any free port")
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    where = f"{settings.host}:{port}"
    try:
        stack.enter_context(socket.create_server((settings.host, port), family=family))
    except OSError as error:
        if str(running.get(name)).endswith(f":{port}"):
            return ok(check, f"{where} is held by our own running server")
        return _busy(check, f"{where}: {error.strerror or error}", key)
    return ok(check, f"{where} is free")


def _busy(check: str, found: str, key: str) -> Finding:
    flag = key.replace("_", "-")
    do = f"stop what listens there, or set server.{key} or --{flag} (0: any free port; off: none)"
    return fail(check, found, expected="an address to listen on", do=do)
