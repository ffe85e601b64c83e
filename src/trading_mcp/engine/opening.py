"""Opening a data directory: the state from the journal, and a new one's first entries."""

from collections.abc import Sequence

from trading_mcp.domain import entries as e
from trading_mcp.domain.limits import RiskMode, RiskParameters
from trading_mcp.domain.markets import Market, market_key, symbol_of
from trading_mcp.engine.settings import ScalpingSettings
from trading_mcp.engine.state import State, decoded
from trading_mcp.ports import Journal

CONFIG = "config"
"""The principal of what the configuration decides."""


def read_state(journal: Journal[e.AnyEntry]) -> State:
    """Fold the journal: the newest snapshot, if it can be gone on from, and what came after it."""
    kept = journal.snapshot()
    state = (decoded(kept[1]) if kept is not None else None) or State()
    for _, entry in journal.entries(state.seq):
        state.apply(entry)
    return state


def first_entries(
    *,
    at: int,
    installation: str,
    parameters: RiskParameters,
    mode: RiskMode,
    scalping: ScalpingSettings,
    markets: Sequence[Market],
) -> list[e.AnyEntry]:
    """Return how a new data directory begins: as the configuration says.

    Raises ValueError for a pair that is no market of the configured exchange.
    """
    return [
        e.Founded(at=at, installation=installation),
        e.ParametersChanged(at=at, parameters=parameters, principal=CONFIG),
        e.ModeChanged(at=at, mode=mode, principal=CONFIG),
        e.PairsChanged(at=at, pairs=_pairs(scalping, markets), principal=CONFIG),
        e.EngineSwitched(at=at, running=scalping.autostart, principal=CONFIG),
    ]


def _pairs(scalping: ScalpingSettings, markets: Sequence[Market]) -> tuple[str, ...]:
    known = {market.key for market in markets}
    keys = [market_key(scalping.exchange, symbol_of(pair)) for pair in scalping.pairs]
    for key in keys:
        if key not in known:
            raise ValueError(f"scalping.pairs: {key} is not a market")
    return tuple(dict.fromkeys(keys))
