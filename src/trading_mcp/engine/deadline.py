"""The dead-man's switch of an exchange: what rests there goes when nothing is heard of us."""

import asyncio

import structlog

from trading_mcp.domain.quotes import NotOffered
from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.session import Session

log = structlog.get_logger(__name__)
RENEWED_TIMES = 4
"""So often within its time it is renewed: several may fail before it strikes."""
ABOUT = "deadline"


class Deadline:
    """Renews one exchange's switch for as long as anything of ours may rest there."""

    def __init__(self, session: Session, exchange: Exchange, seconds: float):
        self._session, self._exchange, self._seconds = session, exchange, seconds
        self._is_set = False

    async def run(self) -> None:
        """Renew it until the session ends; what fails keeps new positions from being opened."""
        while True:
            try:
                await self._renew()
            except NotOffered as missing:
                log.info("no_deadline", exchange=self._exchange.name, what=missing.what)
                return
            except Exception as error:  # it strikes if this goes on: nothing new until it is back
                self._failed(error)
            else:
                self._session.core.trust(self._exchange.name, ABOUT)
            await asyncio.sleep(self._seconds / RENEWED_TIMES)

    async def _renew(self) -> None:
        rests = any(
            order.exchange == self._exchange.name and order.rests
            for order in self._session.state.orders.values()
        )
        # Set before anything rests, so that no order is ever there without it.
        async with asyncio.timeout(self._seconds / RENEWED_TIMES):
            await self._exchange.venue.hold_deadline(self._seconds)
        self._is_set = rests

    def _failed(self, error: Exception) -> None:
        name = self._exchange.name
        log.warning("deadline_not_renewed", exchange=name, error=str(error))
        reason = "did not renew the switch that cancels orders when nothing is heard of us"
        self._session.core.doubt(name, ABOUT, reason)
        if self._is_set:
            self._is_set = False
            message = f"{name} {reason}"
            self._session.ledger.write(
                self._session.core.alert("deadline", "critical", message, subject=name)
            )
