"""What ccxt can ask only of the newer, unified channels: marks, funding, all positions at once."""

from typing import Any

from trading_mcp.adapters.simulated.lines import FUNDING_MS
from trading_mcp.domain.markets import Market
from trading_mcp.testkit.kucoin.futures_words import position as position_words
from trading_mcp.testkit.kucoin.names import text, wire_name
from trading_mcp.testkit.kucoin.parts import Parts

Words = dict[str, Any]
PREFIX = "uta/"
"""What their names begin with among the others."""


def mark(kucoin: Parts, market: Market) -> Words:
    """Tell the mark price."""
    price = text(kucoin.prices.mark(market.symbol))
    return {"s": wire_name(market), "mp": price, "ip": price, "ts": kucoin.clock.now()}


def funding(kucoin: Parts, market: Market) -> Words:
    """Tell the rate of the next funding."""
    due = (kucoin.clock.now() // FUNDING_MS + 1) * FUNDING_MS
    return {
        "s": wire_name(market),
        "fr": text(kucoin.prices.funding_rate(market.symbol, due)),
        "ft": due,
        "nt": due + FUNDING_MS,
        "gl": FUNDING_MS,
    }


def position(kucoin: Parts, symbol: str) -> Words:
    """Tell of a position."""
    words, now = position_words(kucoin, symbol), kucoin.clock.now() * 1_000_000
    return {
        "pi": words["id"],
        "s": words["symbol"],
        "q": str(words["currentQty"]),
        "eP": text(words["avgEntryPrice"]),
        "mP": text(words["markPrice"]),
        "lP": text(words["liquidationPrice"]),
        "pV": text(abs(words["markValue"])),
        "l": text(words["leverage"]),
        "mM": words["marginMode"],
        "iM": text(words["posInit"]),
        "mtM": text(words["posMaint"]),
        "mmr": text(words["maintMarginReq"]),
        "uPL": text(words["unrealisedPnl"]),
        "rPL": text(words["realisedPnl"]),
        "O": now,
        "U": now,
    }
