"""Real ccxt clients whose answers are canned: the shapes that exchanges document."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from trading_mcp.adapters.ccxt.client import new_client
from trading_mcp.adapters.ccxt.settings import ExchangeSettings

REAL = Path(os.environ.get("TRADING_MCP_REAL_DATA", Path(__file__).parents[3] / "shared" / "real"))
AT = 1_767_225_600_000


class StillClock:
    """A clock that stands until somebody moves it."""

    def __init__(self, at: int = AT):
        self.at, self.passed = at, 0.0

    def now(self) -> int:
        return self.at

    def wall(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.passed

    def move(self, ms: float) -> None:
        self.at += round(ms)
        self.passed += ms / 1000


class Canned:
    """Answers a ccxt client by the end of the path that it asks for; remembers what was asked.

    Of two answers that fit, the one that was put in later counts.
    """

    def __init__(self, answers: dict[str, Any]):
        self.answers, self.asked = answers, list[str]()

    async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None):
        self.asked.append(url)
        path = url.split("?", maxsplit=1)[0]
        for end in reversed(self.answers):
            if path.endswith(end):
                answer = self.answers[end]
                return answer(url) if callable(answer) else json.loads(json.dumps(answer))
        raise AssertionError(f"nothing canned for {url}")


def canned_client(kind: str, answers: dict[str, Any]) -> tuple[Any, Canned]:
    """Return a keyless ccxt client of that exchange that is told *answers*."""
    client = new_client(kind, ExchangeSettings())
    canned = Canned(answers)
    client.fetch = canned.fetch
    # ccxt's own pause between requests, which no exchange is there to mind.
    client.enableRateLimit = False
    return client, canned


def kucoin_wire() -> dict[str, Any]:
    """Return KuCoin's documented answers of market data, by the end of their paths."""
    file = REAL / "wire" / "kucoin" / "kucoin_universal_sdk_examples.json.gz"
    if not file.exists():
        pytest.skip(f"no recordings at {file}")
    examples = json.loads(gzip.decompress(file.read_bytes()))
    return {
        row["path"].replace("{symbol}", "XBTUSDTM"): row["payload"]
        for row in examples
        if row["kind"] == "response" and row["section"] in ("market", "fundingfees")
    }
