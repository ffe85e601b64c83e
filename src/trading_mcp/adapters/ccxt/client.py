"""A ccxt client that is pointed at the right address and tells no secrets."""

import logging
from typing import Any

from trading_mcp.adapters.ccxt.keys import Keys
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.ccxt.wary import wary

_USER_AGENT = "trading-mcp"
TIMEOUT_MS = 10_000
"""How long a request may take before ccxt gives up: longer than the engine waits for orders."""


class UnknownExchange(ValueError):
    """ccxt has no exchange of that name, or none with a stream."""


def new_client(name: str, settings: ExchangeSettings, keys: Keys | None = None) -> Any:
    """Return ccxt's client for the exchange of section *name*; with *keys* it can sign.

    Nothing is asked of the exchange yet. Importing ccxt takes a second.

    Raises:
        UnknownExchange: ccxt does not know it.
    """
    import ccxt.pro

    # At DEBUG it would write down the API key and the signature of each request.
    logging.getLogger("ccxt").setLevel(logging.WARNING)
    kind = settings.kind or name
    if kind not in ccxt.pro.exchanges:
        raise UnknownExchange(f"ccxt knows no exchange {kind[:40]!r} with a stream")
    client = wary(kind)(
        {
            "apiKey": keys.api_key if keys else None,
            "secret": keys.secret if keys else None,
            "password": (keys.passphrase or None) if keys else None,
            "timeout": TIMEOUT_MS,
            "userAgent": _USER_AGENT,
            "enableRateLimit": True,
            "verbose": False,
        }
    )
    if settings.base_url:
        point_at(client, settings.base_url)
    return client


def point_at(client: Any, base_url: str) -> None:
    """Send every request of *client* to *base_url*; its stream follows what answers there."""
    base = base_url.rstrip("/")
    client.urls["api"] = _pointed(client.urls["api"], base)


def _pointed(tree: Any, base: str) -> Any:
    if isinstance(tree, dict):
        return {name: _pointed(branch, base) for name, branch in tree.items()}
    websocket = str(tree).startswith(("ws://", "wss://"))
    return base.replace("http", "ws", 1) if websocket else base
