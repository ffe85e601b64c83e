"""What both of KuCoin's accounts need in order to ask and to understand."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import structlog

from trading_mcp.adapters.ccxt.evidence import harmless
from trading_mcp.adapters.ccxt.kucoin.names import Names
from trading_mcp.adapters.ccxt.kucoin.questions import Questions, Raw
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.domain.markets import MarketType

log = structlog.get_logger(__name__)
NO_SELF_TRADES: Mapping[str, str] = {"stp": "CO"}
"""Of two orders of ours that would meet, the older is cancelled: a trade has one id for both."""


class Room:
    """The client, what it is asked, the markets that are traded, and whose orders are whose.

    *now* returns the exchange's time, UTC ms.
    """

    def __init__(
        self,
        client: Any,
        questions: Questions,
        listed: Mapping[str, Listed],
        now: Callable[[], int],
    ):
        self.client, self.questions, self.listed, self.now = client, questions, listed, now
        self.names = Names()

    @cached_property
    def _by_wire_id(self) -> dict[tuple[MarketType, str], Listed]:
        return {(m.market.type, self.wire_id(m)): m for m in self.listed.values()}

    def wire_id(self, listed: Listed) -> str:
        """Return what KuCoin calls a market."""
        return str(self.client.market(listed.name)["id"])

    def coin(self, name: str) -> str:
        """Return our name of a currency: KuCoin's futures call BTC XBT."""
        return str(self.client.safe_currency_code(name))

    def market_of(self, raw: Raw, kind: MarketType) -> Listed | None:
        """Return the market that an object of KuCoin's is about; None: it is not traded here."""
        wire_id = str(raw.get("symbol") or "")
        listed = self._by_wire_id.get((kind, wire_id))
        if listed is None:
            log.warning("unlisted_market", wire_id=harmless(wire_id))
        return listed
