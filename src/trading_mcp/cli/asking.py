"""Asking the running server over REST."""

import json
import os
import urllib.request
from typing import Any

from trading_mcp.config import API_KEY


def ask(url: str, body: Any = None, *, within_s: float) -> dict[str, Any]:
    """GET *url*, or POST *body* to it, and return the answer.

    Raises OSError (urllib's among them) or ValueError: no answer, a refusal, or no JSON.
    """
    key = os.environ.get(API_KEY)
    headers = {"Content-Type": "application/json"} | ({"X-API-Key": key} if key else {})
    sent = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, sent, headers)
    # Past the environment's proxies: the server is on this machine, and they would read the key.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(asked, timeout=within_s) as reply:
        answer: dict[str, Any] = json.load(reply)
    return answer
