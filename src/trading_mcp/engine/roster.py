"""The strategies at hand: their classes, their present instances, and how they are set."""

import hashlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from trading_mcp.domain import entries as e
from trading_mcp.domain.errors import StrategyNotFound
from trading_mcp.engine.settings import StrategySettings
from trading_mcp.engine.state import State, StrategyState
from trading_mcp.strategy.base import Params, Strategy
from trading_mcp.strategy.params import build_params


class Roster:
    """Knows each enabled strategy's class and keeps one instance for its present parameters."""

    def __init__(self, state: State, classes: Mapping[str, type[Strategy]]):
        self._state = state
        self.classes = dict(classes)
        self._sources: dict[str, bytes] = {}
        self._instances: dict[str, tuple[dict[str, Any], Strategy]] = {}

    def settings(self, name: str) -> StrategyState:
        """Return how *name* is set. Raises StrategyNotFound."""
        settings = self._state.strategies.get(name)
        if settings is None or name not in self.classes:
            known = ", ".join(sorted(self.classes)) or "none"
            raise StrategyNotFound(
                f"No enabled strategy is called {name[:64]!r}; enabled: {known}", name=name[:64]
            )
        return settings

    def params(self, name: str, changes: Mapping[str, Any]) -> Params:
        """Return *name*'s parameters with *changes*, checked. Raises InvalidParameter."""
        present = self._state.strategies[name].params if name in self._state.strategies else {}
        return build_params(self.classes[name], {**present, **changes})

    def instance(self, name: str) -> Strategy:
        """Return the strategy with its present parameters."""
        params = self.settings(name).params
        held = self._instances.get(name)
        if held is None or held[0] != params:
            cls = self.classes[name]
            held = self._instances[name] = (params, cls(build_params(cls, params)))
        return held[1]

    def active(self) -> list[Strategy]:
        """Return the active strategies that have passed the check as they are set, by name."""
        return [self.instance(name) for name in self.chosen() if self.is_proven(name)]

    def chosen(self) -> list[str]:
        """Return the names of the active strategies, whether they have passed the check or not."""
        settings = self._state.strategies
        return [n for n in sorted(self.classes) if n in settings and settings[n].active]

    def unproven(self) -> list[str]:
        """Return the active strategies that have not passed the check as they are set."""
        return [name for name in self.chosen() if not self.is_proven(name)]

    def is_proven(self, name: str) -> bool:
        """Say whether the strategy's present code has passed the check with its parameters."""
        return self._state.proven.get(name) == self.digest(name)

    def digest(self, name: str) -> str:
        """Return what tells one version of the strategy's code and parameters from another."""
        if name not in self._sources:
            self._sources[name] = _source(self.classes[name])
        params = msgspec.json.encode(self._state.strategies[name].params, order="sorted")
        return hashlib.sha256(self._sources[name] + params).hexdigest()

    def newcomers(
        self, settings: Mapping[str, StrategySettings], at: int
    ) -> list[e.StrategyChanged]:
        """Return the entries that bring in strategies this data directory has not seen."""
        return [
            self._newcomer(name, settings.get(name, StrategySettings()), at)
            for name in sorted(self.classes)
            if name not in self._state.strategies
        ]

    def _newcomer(self, name: str, settings: StrategySettings, at: int) -> e.StrategyChanged:
        params = build_params(self.classes[name], settings.params)
        return e.StrategyChanged(
            at=at,
            name=name,
            active=settings.active,
            weight=settings.weight,
            params=msgspec.to_builtins(params),
            why="first start",
            principal="config",
        )


def _source(cls: type[Strategy]) -> bytes:
    try:
        source = Path(inspect.getfile(cls)).read_bytes()
    except (OSError, TypeError):
        # Without a file there is nothing to know it by: its name, and the check at each start.
        source = repr(cls).encode()
    return hashlib.sha256(source).digest()
