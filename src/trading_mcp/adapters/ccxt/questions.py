"""What one may ask an exchange about its markets, answered over REST."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from trading_mcp.adapters.ccxt import readings
from trading_mcp.adapters.ccxt.funding import funding_rate, past_rates
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.readings import Nonsense
from trading_mcp.adapters.ccxt.traits import Traits
from trading_mcp.domain.quotes import (
    FundingRate,
    Liquidation,
    NotOffered,
    Offer,
    OpenInterest,
    OrderBook,
    PublicTrade,
    Ticker,
)
from trading_mcp.domain.times import DAY_MS, HOUR_MS

_METHODS: Mapping[Offer, tuple[str, ...]] = {
    "ticker": ("fetchTicker",),
    "order_book": ("fetchOrderBook",),
    "candles": ("fetchOHLCV",),
    "trades": ("fetchTrades",),
    "funding_rate": ("fetchFundingRate",),
    "open_interest": ("fetchOpenInterest", "fetchOpenInterests"),
    "liquidations": ("fetchLiquidations",),
}


class _Day(NamedTuple):
    open: float
    high: float
    low: float
    volume: float


def offers_of(client: Any, *, perpetuals: bool) -> tuple[Offer, ...]:
    """Return the market data that the exchange has; without perpetuals that is less."""
    only_theirs = {"funding_rate", "open_interest", "liquidations"}
    return tuple(
        offer
        for offer, methods in _METHODS.items()
        if any(client.has.get(method) for method in methods)
        and (perpetuals or offer not in only_theirs)
    )


class Questions:
    """Asks one exchange; *now* is the exchange's time (UTC ms)."""

    def __init__(self, client: Any, traits: Traits, now: Callable[[], int]):
        self._client, self._traits, self._now = client, traits, now

    async def ticker(self, listed: Listed) -> Ticker:
        """Return the last price, best quotes, and the last 24 hours."""
        raw = await self._asked("ticker", "fetch_ticker", listed)
        # KuCoin's futures tell no more than the quotes: the day is read off its hours.
        day = _day_told(raw) or await self._day(listed)
        last, bid, ask = quotes_of(raw)
        turnover = raw.get("quoteVolume")
        return Ticker(
            symbol=listed.market.symbol,
            at=self._time_of(raw),
            last=last,
            bid=bid,
            ask=ask,
            volume=day.volume,
            open_24h=day.open,
            high_24h=day.high,
            low_24h=day.low,
            turnover=None if turnover is None else readings.total(turnover),
        )

    async def quotes(self, listed: Listed) -> tuple[float, float, float]:
        """Return the last price, the best bid and the best ask."""
        return quotes_of(await self._asked("ticker", "fetch_ticker", listed))

    async def order_book(self, listed: Listed, depth: int) -> OrderBook:
        """Return the best *depth* levels of each side, as far as the exchange tells them."""
        limits = self._traits.book_limits
        limit = next((size for size in limits if size >= depth), max(limits, default=depth))
        raw = await self._asked("order_book", "fetch_order_book", listed, limit=limit)
        return readings.order_book(raw, listed, self._now(), depth)

    async def trades(self, listed: Listed, limit: int) -> Sequence[PublicTrade]:
        """Return the *limit* newest trades, oldest first: no more than the exchange tells."""
        count = min(limit, self._traits.trades_page)
        raws = await self._asked("trades", "fetch_trades", listed, limit=count)
        field = self._traits.trade_id_field
        found = [readings.trade(raw, listed, self._now(), field) for raw in raws]
        return sorted(found, key=lambda trade: trade.at)[-limit:] if limit > 0 else []

    async def funding_rate(self, listed: Listed) -> FundingRate:
        """Return a perpetual's funding."""
        _must_be_perpetual(listed, "funding")
        raw = await self._asked("funding_rate", "fetch_funding_rate", listed)
        field = self._traits.next_rate_field
        return funding_rate(listed.market.symbol, raw, self._now(), field)

    async def past_funding(self, listed: Listed, since: int) -> Mapping[int, float]:
        """Return the rates that a perpetual paid since *since*, by time (both UTC ms)."""
        if not self._client.has.get("fetchFundingRateHistory"):
            raise NotOffered("past funding")
        now = self._now()
        ask = self._client.fetch_funding_rate_history
        raws = await ask(listed.name, since=since, params={"until": now})
        return past_rates(raws, now)

    async def mark_price(self, listed: Listed) -> float | None:
        """Return a perpetual's mark price, None where the exchange does not tell it."""
        if not self._client.has.get("fetchMarkPrice"):
            return None
        raw = await self._client.fetch_mark_price(listed.name)
        told = raw.get("markPrice")
        return None if told is None else readings.price(told)

    async def open_interest(self, listed: Listed) -> OpenInterest:
        """Return how much of a perpetual is held open."""
        _must_be_perpetual(listed, "open interest")
        raw = await self._asked("open_interest", "fetch_open_interest", listed)
        if raw is None:
            raise Nonsense(f"no open interest of {listed.name}")
        amount, value = raw.get("openInterestAmount"), raw.get("openInterestValue")
        if amount is not None:
            in_base = not self._traits.interest_in_contracts
            amount = readings.total(amount) if in_base else readings.volume(amount, listed)
        return OpenInterest(
            symbol=listed.market.symbol,
            at=self._time_of(raw),
            amount=amount,
            value=None if value is None else readings.total(value),
        )

    async def liquidations(self, listed: Listed, limit: int) -> Sequence[Liquidation]:
        """Return the *limit* newest liquidations that the exchange remembers, oldest first."""
        _must_be_perpetual(listed, "liquidations")
        raws = await self._asked("liquidations", "fetch_liquidations", listed, limit=limit)
        found = [readings.liquidation(raw, listed, self._now()) for raw in raws]
        return sorted(found, key=lambda row: row.at)[-limit:] if limit > 0 else []

    async def _asked(self, offer: Offer, method: str, listed: Listed, **arguments: Any) -> Any:
        if not any(self._client.has.get(name) for name in _METHODS[offer]):
            raise NotOffered(offer.replace("_", " "))
        ask: Callable[..., Awaitable[Any]] = getattr(self._client, method)
        return await ask(listed.name, **arguments)

    async def _day(self, listed: Listed) -> _Day:
        since = self._now() - DAY_MS
        raws = await self._client.fetch_ohlcv(listed.name, "1h", since=since, limit=25)
        rows = [readings.candle(raw, listed, HOUR_MS) for raw in raws]
        if not rows:
            raise Nonsense(f"no candles of the last day of {listed.name}")
        high, low = max(row.high for row in rows), min(row.low for row in rows)
        return _Day(rows[0].open, high, low, sum(row.volume for row in rows))

    def _time_of(self, raw: Mapping[str, Any]) -> int:
        told = raw.get("timestamp")
        return self._now() if told is None else readings.moment(told, self._now())


def quotes_of(raw: Mapping[str, Any]) -> tuple[float, float, float]:
    """Read last, bid and ask of ccxt's ticker; a crossed pair is refused."""
    last, bid, ask = (readings.price(raw.get(name)) for name in ("last", "bid", "ask"))
    if bid >= ask:
        raise Nonsense(f"crossed: bid {bid}, ask {ask}")
    return last, bid, ask


def _day_told(raw: Mapping[str, Any]) -> _Day | None:
    prices = [raw.get(name) for name in ("open", "high", "low")]
    if None in prices or raw.get("baseVolume") is None:
        return None
    opened, high, low = (readings.price(told) for told in prices)
    return _Day(opened, high, low, readings.total(raw["baseVolume"]))


def _must_be_perpetual(listed: Listed, what: str) -> None:
    if listed.market.type != "perpetual":
        raise NotOffered(f"{what} of a spot market")
