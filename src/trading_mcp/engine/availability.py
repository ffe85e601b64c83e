"""Whether positions can be opened at all in the markets that are traded, and when that changes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from trading_mcp.domain.limits import Severity
from trading_mcp.domain.markets import MarketKey
from trading_mcp.engine.core import Core
from trading_mcp.engine.exchange import Exchange

GRACE_MS = 15_000
"""An exchange in trouble for so long (wall time) is news; a round that is missed is not."""


class Trading(Protocol):
    """What has to be known of the session."""

    core: Core
    exchanges: Mapping[str, Exchange]

    def followed(self) -> Sequence[MarketKey]:
        """Return the markets that must be watched."""

    def stale_markets(self) -> list[MarketKey]:
        """Return those whose data has not come for too long."""


def why_none_opens(session: Trading) -> str:
    """Return why no traded market can be entered now, though no limit forbids it; "" if one can."""
    troubles = exchange_troubles(session)
    stale = set(session.stale_markets())
    pairs = [key for key in session.core.state.pairs if key in session.core.markets]
    reasons = [_closed(session, key, troubles, stale) for key in pairs]
    if not pairs and troubles.keys() >= session.exchanges.keys():
        reasons = [_nothing_opened(name, why) for name, why in troubles.items()]
    return reasons[0] if reasons and all(reasons) else ""


def exchange_troubles(session: Trading) -> dict[str, str]:
    """Return the exchanges that can't be relied on now, each with why: "did not answer"."""
    doubts = session.core.standings.doubts
    found = {name: next(iter(about.values())) for name, about in doubts.items() if about}
    stale = set(session.stale_markets())
    for name in session.exchanges.keys() - found.keys():
        watched = {key for key in session.followed() if session.core.markets[key].exchange == name}
        if watched and watched <= stale:
            found[name] = "tells no market's prices any more"
    return found


class Availability:
    """Tells once when an exchange can't be relied on any more, and once when it can again."""

    def __init__(self, session: Trading):
        self._session = session
        self._since: dict[str, int] = {}
        self._told: set[str] = set()

    def changes(self, now: int) -> Iterator[tuple[str, Severity, str]]:
        """Yield exchange, severity and message of what is news at *now* (wall time, ms)."""
        troubles = exchange_troubles(self._session)
        for name, why in sorted(troubles.items()):
            since = self._since.setdefault(name, now)
            if name not in self._told and now - since >= GRACE_MS:
                self._told.add(name)
                yield name, "critical", _nothing_opened(name, why)
        for name in sorted(self._since.keys() - troubles.keys()):
            del self._since[name]
            if name in self._told:
                self._told.remove(name)
                yield name, "info", f"{name} answers again: positions may be opened there"


def _closed(
    session: Trading, key: MarketKey, troubles: dict[str, str], stale: set[MarketKey]
) -> str:
    exchange = session.core.markets[key].exchange
    if exchange in troubles:
        return _nothing_opened(exchange, troubles[exchange])
    halted = session.core.standings.standing(key, session.core.state.now).halted
    if halted is not None:
        return f"{key} is halted: {halted}. A person has to look at it and resume it"
    return f"No data of {key} comes any more: no position is opened there" if key in stale else ""


def _nothing_opened(exchange: str, why: str) -> str:
    return f"{exchange} {why}: nothing is opened there until that is over"
