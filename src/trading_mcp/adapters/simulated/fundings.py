"""Funding at the times and rates that a real exchange publishes."""

from collections.abc import Iterator
from decimal import Decimal

import structlog

from trading_mcp.adapters.simulated.account import Account
from trading_mcp.adapters.simulated.ledger import LedgerEntry
from trading_mcp.domain.quotes import NoQuote
from trading_mcp.ports import Quotes

log = structlog.get_logger(__name__)


class Fundings:
    """Settles the funding of *account*'s positions. What nobody knows is left out, and logged."""

    def __init__(self, account: Account, quotes: Quotes):
        self._account, self._quotes = account, quotes
        self._unknown = set[str]()

    def dues(self, symbol: str, since: int, until: int) -> Iterator[int]:
        """Yield when funding is paid after *since* and up to *until* (UTC ms)."""
        if self._account.markets[symbol].type == "spot":
            return
        try:
            while since < (since := self._quotes.funding_after(symbol, since)) <= until:
                yield since
        except NoQuote as error:
            self._tell(symbol, error)
        else:
            self._unknown.discard(symbol)

    def settle(self, symbol: str, at: int, mark: Decimal | None) -> list[LedgerEntry]:
        """Pay or receive the funding of *at* on what is held then."""
        if symbol not in self._account.state.stakes:
            return []
        try:
            rate = self._quotes.funding_rate(symbol, at)
        except NoQuote as error:
            return self._tell(symbol, error)
        if mark is None:
            return self._tell(symbol, NoQuote("no mark price"))
        return self._account.fund(symbol, rate, mark, at)

    def _tell(self, symbol: str, error: NoQuote) -> list[LedgerEntry]:
        if symbol not in self._unknown:
            log.warning("funding_unknown", symbol=symbol, error=str(error))
        self._unknown.add(symbol)
        return []
