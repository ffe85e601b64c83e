"""Turning an unmodified ccxt towards another address."""

from typing import Any


def point_at(exchange: Any, base_url: str) -> Any:
    """Let a ccxt exchange speak to *base_url* alone; return it."""
    ws_url = base_url.replace("http", "ws", 1) + "/uta"
    exchange.urls["api"] = {
        name: dict.fromkeys(url, ws_url) if isinstance(url, dict) else base_url
        for name, url in exchange.urls["api"].items()
    }
    return exchange
