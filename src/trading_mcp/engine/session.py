"""The session: waits for markets, exchanges and callers, and lets the core decide."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence

import structlog

from trading_mcp.domain import entries as e
from trading_mcp.domain.accounts import pricing_markets
from trading_mcp.domain.errors import (
    EngineNotRunning,
    ExchangeError,
    InvalidParameter,
    StorageUnavailable,
    TradingError,
)
from trading_mcp.domain.markets import MarketKey
from trading_mcp.domain.orders import Order, OrderIntent, Refused
from trading_mcp.domain.positions import Position
from trading_mcp.engine.availability import why_none_opens
from trading_mcp.engine.core import Core
from trading_mcp.engine.deciding import Decider
from trading_mcp.engine.desk import Entries, Wished
from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.feeding import Feed
from trading_mcp.engine.flight import Flight
from trading_mcp.engine.hub import Hub
from trading_mcp.engine.ledger import Ledger
from trading_mcp.engine.proving import checked
from trading_mcp.engine.roster import Roster
from trading_mcp.engine.settings import ScalpingSettings
from trading_mcp.ports import CandleStore, Checkpoint, Clock, Journal, Tripwire

log = structlog.get_logger(__name__)
FOLLOW_S = 20.0
"""How long the first data of a market may take: its candles, and its price."""
WAY_MS = 60_000
"""How long at most a protective order stays away for an exit that somebody sends."""


class Session:
    """One running engine: its parts, and what may be asked of it."""

    def __init__(
        self,
        *,
        core: Core,
        roster: Roster,
        exchanges: Mapping[str, Exchange],
        journal: Journal[e.AnyEntry],
        hub: Hub,
        clock: Clock,
        settings: ScalpingSettings,
        candle_store: CandleStore | None = None,
        tripwire: Tripwire | None = None,
        checkpoint: Checkpoint = lambda name: None,
    ):
        self.core, self.state, self.roster = core, core.state, roster
        self.exchanges, self.hub, self.clock, self.settings = exchanges, hub, clock, settings
        self._journal = journal
        self.ledger = Ledger(core, journal, hub, checkpoint)
        self.tripwire = tripwire
        self.flight = Flight(core, self.ledger, exchanges, clock, settings, tripwire, checkpoint)
        self.decider = Decider(core, roster, self.ledger, clock, settings)
        self.feeds = {
            name: Feed(
                core,
                self.ledger,
                self.decider,
                exchange,
                hub,
                settings.interval,
                candle_store,
                clock.monotonic,
            )
            for name, exchange in exchanges.items()
        }
        self._proving: set[str] = set()
        self.unfollowed: set[MarketKey] = set()
        self._started_at = clock.monotonic()

    # Life

    def prove(self) -> None:
        """Begin to check strategies that are new here, or set anew; until they pass, they are
        not asked."""
        for name in self.roster.unproven():
            if name not in self._proving:
                self._proving.add(name)
                self.flight.spawn(self._prove(name))

    async def _prove(self, name: str) -> None:
        try:
            digest = self.roster.digest(name)
            findings = await checked(self.roster.classes[name], self.state.strategies[name].params)
        finally:
            self._proving.discard(name)
        if digest != self.roster.digest(name):
            self.prove()  # set anew meanwhile
        elif findings:
            self.decider.stop(name, f"breaks the contract: {'; '.join(findings)}")
        else:
            passed = e.StrategyProven(at=self.clock.now(), name=name, digest=digest)
            self.ledger.write(self.core.record(passed))
            await self.widen_windows()

    async def close(self) -> None:
        """Stop listening and put what is known on disk."""
        await self.flight.close()
        self.decider.close()
        try:
            for feed in self.feeds.values():
                await feed.flush()
        except Exception:  # candles can be asked for again; the journal must still be closed
            log.exception("candles_not_written")
        await self.ledger.close()

    @property
    def uptime_s(self) -> float:
        """Seconds since the session was built."""
        return self.clock.monotonic() - self._started_at

    @property
    def healthy(self) -> bool:
        """Whether decisions can be put on disk."""
        return self._journal.healthy

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being decided and no order waits for the exchange's first answer.

        Who plays markets back waits for it, so that time does not run ahead of the decisions.
        """
        waiting = any(order.status == "approved" for order in self.state.orders.values())
        return not waiting and all(feed.is_idle for feed in self.feeds.values())

    def why_halted(self) -> str:
        """Return why no position can be opened or enlarged now, whatever the order; or ""."""
        found = self.core.halt(self.clock.now())
        if found is None:
            return why_none_opens(self) if self.healthy else "The journal cannot be written"
        cause = found.details.get("reason")
        return f"{found.reason}: {cause}" if cause else found.reason

    def stale_markets(self) -> list[MarketKey]:
        """Return the watched markets whose data has not come for too long."""
        limit = self.settings.stale_after_ms / 1000
        silent = [key for feed in self.feeds.values() for key in feed.silent(limit)]
        return sorted({*silent, *self.unfollowed})

    # Doing

    async def commit(self, made: Entries) -> None:
        """Journal what the core has just made; return when it is durable.

        Raises StorageUnavailable: then it holds in this process, and is written when it can be.
        """
        try:
            await asyncio.shield(self.ledger.write(made))
        except StorageUnavailable as error:
            error.outcome = "unknown"
            raise

    async def record(self, *entries: e.AnyEntry) -> None:
        """Take in facts that need no decision, durably. Raises StorageUnavailable."""
        self.must_be_writable()
        await self.commit(self.core.record(*entries))

    async def submit(self, intent: OrderIntent, *, within: float) -> Order | Refused:
        """Pass an order through the gate and send it; wait *within* seconds for what comes of it.

        Raises StorageUnavailable when nothing can be journaled: then nothing was sent.
        """
        self.must_be_writable()
        async with self._way_made_for(intent):
            result, made = self.core.submit(intent, self.clock.now())
            await self.commit(made)
        if isinstance(result, Refused):
            return result
        settled = await self.flight.settled(result.id, within=within)
        await self.ledger.flushed()
        return settled

    @contextlib.asynccontextmanager
    async def _way_made_for(self, intent: OrderIntent) -> AsyncIterator[None]:
        """Hold a position's protective order back while *intent* takes its place.

        Raises ExchangeError when it could not be taken back: then nothing was sent.
        """
        if intent.reduces is None:
            yield
            return
        until = self.clock.now() + WAY_MS
        stops, made = self.core.make_way(intent.reduces, intent.amount, until)
        try:
            await self.commit(made)
            await self._gone(stops)
            yield
        finally:
            self.core.end_way(intent.reduces)

    async def _gone(self, orders: Sequence[Order]) -> None:
        deadline = self.clock.monotonic() + self.settings.order_timeout_ms / 1000
        for order in orders:
            while order.id in self.state.orders:
                left = deadline - self.clock.monotonic()
                if left <= 0 or not await self.flight.changed(order.id, within=left):
                    raise ExchangeError(
                        f"{order.exchange} has not taken back the protective stop {order.id} yet",
                        hint="Nothing was sent; try again in a moment.",
                        order_id=order.id,
                    )

    async def cancel(self, order: Order) -> Order:
        """Cancel a working order; return it as it then is. Raises ExchangeError."""
        await self.flight.cancel(order.id)
        with contextlib.suppress(StorageUnavailable):
            await self.ledger.flushed()
        return self.state.order(order.id) or order

    async def kill(self, reason: str, principal: str) -> tuple[list[str], list[str]]:
        """Turn the kill switch on and cancel all working entries.

        Returns the ids of those that were cancelled, and of those that may still trade.
        """
        made = self.core.kill(reason, principal, self.clock.now())
        with contextlib.suppress(StorageUnavailable):
            # The gate closed when the core decided; a broken disk must not keep it open.
            await self.commit(made)
        return await self.cancel_entries()

    async def cancel_entries(self) -> tuple[list[str], list[str]]:
        """Cancel every order that may enlarge a position."""
        working = self.core.working_entries()
        left = await self.cancel_orders(working)
        ids = [order.id for order in working]
        return [i for i in ids if i not in left], [i for i in ids if i in left]

    async def cancel_orders(self, orders: Sequence[Order]) -> dict[str, str]:
        """Cancel *orders*; return those that may still trade, each with the reason."""
        results = await asyncio.gather(*map(self.cancel, orders), return_exceptions=True)
        left = {}
        for order, result in zip(orders, results, strict=True):
            now = self.state.orders.get(order.id)
            if now is not None:
                told = result.message if isinstance(result, TradingError) else ""
                left[order.id] = told or f"the exchange has it as {now.status} still"
        return left

    async def close_position(self, position_id: str, wished: Wished, *, within: float) -> None:
        """Leave all of a position at the market; wait *within* seconds for what comes of it.

        The engine goes on until nothing is left. Raises StorageUnavailable: nothing was sent.
        """
        self.must_be_writable()
        await self.commit(self.core.close_position(position_id, wished, self.clock.now()))
        deadline = self.clock.monotonic() + within
        while (order := self._leaving(position_id)) is not None and order.status != "unknown":
            left = deadline - self.clock.monotonic()
            if left <= 0 or not await self.flight.changed(order.id, within=left):
                break
        await self.ledger.flushed()

    def _leaving(self, position_id: str) -> Order | None:
        """Return a working order that takes a position off the market, or makes room for it."""
        exits = (o for o in self.state.orders.values() if o.position_id == position_id)
        return next((o for o in exits if o.reduce_only and (o.cancelling or not o.rests)), None)

    async def move_stops(self, position: Position, why: str, principal: str) -> None:
        """Replace a position's stop, target or rules with those of *position*."""
        at = self.clock.now()
        await self.record(e.PositionChanged(at=at, position=position, why=why, principal=principal))

    def must_run(self) -> None:
        """Raise EngineNotRunning while the scalping engine is stopped."""
        if not self.state.running:
            raise EngineNotRunning(
                "The scalping engine is not running",
                hint="Start it with POST /api/v1/scalping/start or the tool start_bot.",
            )

    def must_be_writable(self) -> None:
        """Raise StorageUnavailable while decisions can't be put on disk."""
        if not self._journal.healthy:
            raise StorageUnavailable(
                "The journal cannot be written (is the disk full?): no order is sent until it can",
                hint="Free disk space; the server goes on by itself.",
            )

    # Markets

    def exchange(self, name: str | None) -> Exchange:
        """Return the exchange called *name* (None: the default). Raises InvalidParameter."""
        wanted = name or self.settings.exchange
        if wanted not in self.exchanges:
            known = ", ".join(sorted(self.exchanges))
            raise InvalidParameter(
                f"exchange: {wanted[:40]!r} is not configured; configured: {known}",
                field="exchange",
                configured=sorted(self.exchanges),
            )
        return self.exchanges[wanted]

    def source_of(self, exchange: str) -> str:
        """Return what an exchange is, such as "simulated"; "" of one not configured any more."""
        known = self.exchanges.get(exchange)
        return known.source if known else ""

    async def follow(self, key: MarketKey) -> None:
        """Begin to watch a market: its candles so far, its price now, then its stream."""
        market = self.core.markets[key]
        try:
            async with asyncio.timeout(FOLLOW_S):
                await self.feeds[market.exchange].follow(market)
        except TradingError:
            raise
        except Exception as error:  # the boundary: whatever an adapter raised, the exchange failed
            # Its own words have addresses in them: they are for the log.
            log.warning("market_data_failed", market=key, error=str(error))
            raise ExchangeError(
                f"{market.exchange} gave no prices and candles for {market.symbol}",
                hint="Is the exchange reachable? The log has what it said. Try again in a moment.",
            ) from error

    async def watch(self, key: MarketKey) -> None:
        """Begin to watch a market unless its price is known and fresh. Raises ExchangeError."""
        price = self.core.standings.prices.get(key)
        if price is None or not price.fresh:
            await self.follow(key)

    async def widen_windows(self) -> None:
        """Fetch more candles where a strategy's new parameters need more than are at hand."""
        for key in self.decider.too_short():
            await self.follow(key)

    def leave(self, key: MarketKey) -> None:
        """Stop watching a market, unless something is held or working there."""
        if key not in self.followed():
            self.feeds[self.core.markets[key].exchange].leave(self.core.markets[key])

    def followed(self) -> Sequence[MarketKey]:
        """Return the markets that must be watched: traded, held, or with orders working."""
        held = {position.market for position in self.state.positions.values()}
        working = {order.market for order in self.state.orders.values()}
        # A coin without a position still counts in the equity, which needs its price.
        coins = {
            key
            for asset, amount in self.state.cash.items()
            for key in pricing_markets(asset)
            if amount != 0 and key in self.core.markets
        }
        return sorted({*self.state.pairs, *held, *working, *coins} & self.core.markets.keys())
