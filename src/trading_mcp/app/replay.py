"""Stored candles through the running engine: the session that trades, on a replayed exchange."""

import asyncio
import contextlib
import decimal
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.adapters.replay.build import Replay, open_replay
from trading_mcp.adapters.replay.feed import NAMES
from trading_mcp.adapters.replay.journal import ReplayJournal
from trading_mcp.adapters.replay.past import Past
from trading_mcp.domain import entries as e
from trading_mcp.domain.limits import RiskMode, RiskParameters
from trading_mcp.domain.numbers import EXACT
from trading_mcp.domain.positions import Position
from trading_mcp.engine.core import Core
from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.hub import Hub
from trading_mcp.engine.opening import first_entries
from trading_mcp.engine.proving import checked
from trading_mcp.engine.roster import Roster
from trading_mcp.engine.session import Session
from trading_mcp.engine.settings import ScalpingSettings, StrategySettings
from trading_mcp.engine.state import State
from trading_mcp.engine.upkeep import Upkeep
from trading_mcp.strategy.base import Strategy

PATIENCE_MS = 60_000
"""How long a strategy may take for an answer: here nobody waits, and nothing must depend on it."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is replayed: one strategy, its parameters, the capital (quote) and the limits.

    *weight* is the strategy's share of the exposure limit. A strategy that is *proven* is not put
    through its trials again.
    """

    strategy: type[Strategy]
    params: Mapping[str, Any] = {}
    capital: Decimal
    parameters: RiskParameters = RiskParameters()
    mode: RiskMode = "Normal"
    weight: float = 1.0
    leverage: int = 1
    proven: bool = False


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """The positions that were closed, in the order in which they ended, and those still open."""

    closed: tuple[Position, ...]
    open: tuple[Position, ...]
    entries: tuple[e.AnyEntry, ...]


Tell = Callable[[float], None]
"""Hears what share of the candles has been played (0 to 1)."""
_EVERY_S = 0.2


async def replayed(pasts: Sequence[Past], terms: Terms, tell: Tell = lambda _share: None) -> Played:
    """Play *pasts* to their end.

    Raises:
        ValueError: the candles do not fit together, or the strategy breaks its contract.
    """
    # Sums and products of money are exact: no context below this one rounds.
    with decimal.localcontext(EXACT.copy()):
        return await _replayed(pasts, terms, tell)


async def _replayed(pasts: Sequence[Past], terms: Terms, tell: Tell) -> Played:
    wall = SystemClock()
    replay = open_replay(
        pasts, capital=terms.capital, clock_base=wall, is_idle=lambda: session.is_idle
    )
    journal: ReplayJournal[e.AnyEntry] = ReplayJournal()
    session = _session(pasts, terms, replay, journal)
    try:
        await _begin(session, terms, replay)
        await Upkeep(session).open()
        await _played_out(pasts, replay, tell)
    finally:
        await session.close()
    if fault := session.state.strategies[terms.strategy.name].fault:
        raise ValueError(f"{terms.strategy.name} was stopped: {fault}")
    entries = tuple(entry for _, entry in journal.entries(0))
    return Played(
        closed=_closed(entries), open=tuple(session.state.positions.values()), entries=entries
    )


async def _played_out(pasts: Sequence[Past], replay: Replay, tell: Tell) -> None:
    """Wait for the end, and tell now and then how far it is."""
    begins = min(past.begins for past in pasts)
    length = max(int(past.candles.time[-1]) for past in pasts) + pasts[0].interval - begins
    while not replay.data.ended.is_set():
        tell((replay.clock.now() - begins) / length)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_EVERY_S):
                await replay.data.ended.wait()


def _session(
    pasts: Sequence[Past], terms: Terms, replay: Replay, journal: ReplayJournal[e.AnyEntry]
) -> Session:
    name, state = pasts[0].market.exchange, State()
    markets = [past.market for past in pasts]
    settings = ScalpingSettings(
        exchange=name,
        pairs=tuple(market.symbol for market in markets),
        interval=NAMES[pasts[0].interval],
        leverage=terms.leverage,
        strategy_budget_ms=PATIENCE_MS,
        stale_after_ms=10 * PATIENCE_MS,
    )
    exchange = Exchange(name=name, data=replay.data, venue=replay.venue, source="replay")
    return Session(
        core=Core(state, markets, leverage=terms.leverage, horizon=replay.clock.now),
        roster=Roster(state, {terms.strategy.name: terms.strategy}),
        exchanges={name: exchange},
        journal=journal,
        hub=Hub(),
        clock=replay.clock,
        settings=settings,
    )


async def _begin(session: Session, terms: Terms, replay: Replay) -> None:
    """Write the first entries, and have the strategy proven before anything is played."""
    at, name = replay.clock.now(), terms.strategy.name
    first = first_entries(
        at=at,
        installation="replay",
        parameters=terms.parameters,
        mode=terms.mode,
        scalping=session.settings,
        markets=tuple(session.core.markets.values()),
    )
    setting = StrategySettings(weight=terms.weight, params=dict(terms.params))
    await session.record(*first, *session.roster.newcomers({name: setting}, at))
    if not terms.proven:
        params = session.state.strategies[name].params
        if findings := await checked(terms.strategy, params):
            raise ValueError(f"{name} breaks the contract: {'; '.join(findings)}")
    digest = session.roster.digest(name)
    await session.record(e.StrategyProven(at=at, name=name, digest=digest))


def _closed(entries: Sequence[e.AnyEntry]) -> tuple[Position, ...]:
    booked = (entry.position for entry in entries if isinstance(entry, e.FillBooked))
    return tuple(p for p in booked if p is not None and not p.is_open)
