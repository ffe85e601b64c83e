"""Messages that KuCoin has documented and sent, and what ccxt makes of them."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

BESIDE_CHECKOUT = Path(__file__).parents[3] / "shared" / "real"
FOLDER = Path(os.environ.get("TRADING_MCP_REAL_DATA", BESIDE_CHECKOUT)) / "wire"
ABSENT = "real data is absent: set TRADING_MCP_REAL_DATA to its folder"
needs_recordings = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)


def cases(name: str) -> list[dict[str, Any]]:
    """Return recorded answers with what ccxt parses from them; none where they are absent."""
    path = FOLDER / "ccxt" / name
    found: list[dict[str, Any]] = json.loads(path.read_text()) if path.is_file() else []
    return found


def examples() -> dict[str, dict[str, Any]]:
    """Return KuCoin's documented messages by group, section, name and kind."""
    path = FOLDER / "kucoin" / "kucoin_universal_sdk_examples.json.gz"
    if not path.is_file():
        return {}
    with gzip.open(path) as file:
        listed = json.load(file)
    return {f"{e['group']}.{e['section']}.{e['name']}.{e['kind']}": e["payload"] for e in listed}


def sent_messages() -> list[dict[str, Any]]:
    """Return messages that were received on real WebSockets."""
    path = FOLDER / "kucoin" / "gocryptotrader_ws_messages.json"
    found: list[dict[str, Any]] = json.loads(path.read_text())["messages"] if path.is_file() else []
    return found
