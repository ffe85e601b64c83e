"""The candles of a real exchange's past, as it tells them: nothing is made up where none is."""

import asyncio
from collections.abc import Mapping

from trading_mcp.adapters.ccxt.build import new_budget
from trading_mcp.adapters.ccxt.candles import CandleQuestions
from trading_mcp.adapters.ccxt.client import new_client
from trading_mcp.adapters.ccxt.markets import Listed, listed_markets
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.ccxt.skew import ExchangeTime
from trading_mcp.adapters.ccxt.traits import traits_of
from trading_mcp.domain.candles import Candles, interval_ms
from trading_mcp.ports import Clock


class CcxtPast:
    """Asks an exchange over REST, without keys. Its markets are loaded with the first question."""

    def __init__(self, name: str, settings: ExchangeSettings, *, clock: Clock):
        """Ask nothing yet. Raises UnknownExchange: ccxt does not know it."""
        self._name, self._settings = name, settings
        self._client = new_client(name, settings)
        new_budget(name, settings, clock).govern(self._client)
        self._traits = traits_of(self._client.id)
        self._time = ExchangeTime(self._client, clock)
        self._questions = CandleQuestions(
            self._client, self._traits, now=self._time.now, last_trade_at=_not_asked
        )
        self._listing: Mapping[str, Listed] = {}
        self._one_opening = asyncio.Lock()

    async def candles(self, symbol: str, interval: str, *, limit: int, end: int) -> Candles:
        """Return the closed candles of the *limit* intervals before *end* (UTC ms)."""
        step = interval_ms(interval)
        listed = await self._listed(symbol)
        end = min(end, self._time.now() // step * step)
        rows = await self._questions.told(listed, interval, max(end - limit * step, 0), end)
        return Candles.of(rows)

    async def close(self) -> None:
        """Hang up."""
        await self._client.close()

    async def _listed(self, symbol: str) -> Listed:
        async with self._one_opening:
            if not self._listing:
                await self._client.load_markets()
                await self._time.measure()
                self._listing = listed_markets(
                    self._name, self._client, self._settings, self._traits
                )
        if symbol not in self._listing:
            raise ValueError(f"{self._name} does not trade {symbol[:40]}, or not under this name")
        return self._listing[symbol]


async def _not_asked(listed: Listed) -> int | None:
    return None  # only windows up to now need it
