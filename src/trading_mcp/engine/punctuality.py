"""Whether an exchange's clock and ours agree: signed requests and fresh prices depend on it."""

import asyncio

import structlog

from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.session import Session

log = structlog.get_logger(__name__)
LOOK_EVERY_S = 60.0
TIMEOUT_S = 10.0
WARN_MS, DOUBT_MS = 1_000, 3_000
ABOUT = "clock"


class Punctuality:
    """Compares one exchange's clock with ours until the session ends."""

    def __init__(self, session: Session, exchange: Exchange):
        self._session, self._exchange = session, exchange

    async def run(self) -> None:
        """Look each minute. An exchange that does not tell its time is not doubted for that."""
        while True:
            try:
                self.judge(await self._skew_ms())
            except Exception as error:  # others ask it for more: they say when it is silent
                log.warning("time_not_told", exchange=self._exchange.name, error=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    def judge(self, skew_ms: int) -> None:
        """Take in how far (ms) the exchange's clock is ahead of ours."""
        name = self._exchange.name
        if abs(skew_ms) > WARN_MS:
            log.warning("clocks_differ", exchange=name, ahead_ms=skew_ms)
        if abs(skew_ms) > DOUBT_MS:
            why = f"has a clock that is {skew_ms / 1000:+.1f} s off ours: set this machine's"
            self._session.core.doubt(name, ABOUT, why)
        else:
            self._session.core.trust(name, ABOUT)

    async def _skew_ms(self) -> int:
        clock = self._session.clock
        asked = clock.now()
        async with asyncio.timeout(TIMEOUT_S):
            info = await self._exchange.data.info()
        # What lies within the time it took to ask is no difference.
        answered = clock.now()
        return info.at - min(max(info.at, asked), answered)
