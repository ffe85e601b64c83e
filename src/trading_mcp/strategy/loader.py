"""Find installed strategies, and keep a broken plugin from taking the others down."""

from collections import Counter
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

import pluggy
from msgspec import Struct

from trading_mcp.strategy import hookspecs
from trading_mcp.strategy.base import Strategy
from trading_mcp.strategy.conformance import check_strategy
from trading_mcp.strategy.declaration import objections


class Installed(Struct, frozen=True):
    """An installed plugin: its entry point's name, and the distribution it came with."""

    plugin: str
    distribution: str
    version: str


class StrategyInfo(Struct, frozen=True):
    """A strategy that can be run, and where it comes from."""

    cls: type[Strategy]
    plugin: str
    distribution: str
    version: str


class Catalogue(Struct, frozen=True):
    """The strategies that can be run by name, and the enabled plugins that cannot and why."""

    strategies: dict[str, StrategyInfo]
    broken: dict[str, str]


class _BrokenPlugin(Exception):
    """A plugin that cannot be used, for the reason given."""


def installed() -> list[Installed]:
    """Return every installed plugin, enabled or not, without running any of its code."""
    return sorted((_described(ep) for ep in _entry_points()), key=lambda found: found.plugin)


def discover(enabled: Iterable[str], *, prove: bool = False) -> Catalogue:
    """Load the plugins whose entry points are named in *enabled*; all others stay off.

    With *prove*, a plugin with a strategy that does not pass `check_strategy` is broken too.
    """
    offers: dict[str, list[StrategyInfo]] = {}
    broken: dict[str, str] = {}
    for plugin in sorted(set(enabled)):
        try:
            offers[plugin] = _load(plugin, prove=prove)
        except _BrokenPlugin as error:
            broken[plugin] = str(error)
        except (Exception, SystemExit) as error:  # a plugin may raise anything at all
            broken[plugin] = f"{type(error).__name__}: {error}"
    return _undisputed(offers, broken)


def _undisputed(offers: dict[str, list[StrategyInfo]], broken: dict[str, str]) -> Catalogue:
    claimed = Counter(info.cls.name for offer in offers.values() for info in offer)
    strategies: dict[str, StrategyInfo] = {}
    for plugin, offer in offers.items():
        disputed = sorted({info.cls.name for info in offer if claimed[info.cls.name] > 1})
        if disputed:
            claims = f"strategy name claimed more than once: {', '.join(disputed)}"
            broken[plugin] = f"{claims} (by {', '.join(_claimants(offers, disputed))})"
        else:
            strategies |= {info.cls.name: info for info in offer}
    return Catalogue(strategies, broken)


def _claimants(offers: dict[str, list[StrategyInfo]], names: list[str]) -> list[str]:
    return [plugin for plugin, offer in offers.items() if {i.cls.name for i in offer} & {*names}]


def _load(plugin: str, *, prove: bool) -> list[StrategyInfo]:
    found = _entry_points(plugin)
    if not found:
        raise _BrokenPlugin("not installed")
    if len(found) > 1:
        names = ", ".join(_described(entry_point).distribution for entry_point in found)
        raise _BrokenPlugin(f"installed more than once: by {names}")
    origin = _described(found[0])
    classes = _registered(found[0])
    for cls in classes:
        _accept(cls, prove=prove)
    return [StrategyInfo(cls, plugin, origin.distribution, origin.version) for cls in classes]


def _registered(entry_point: EntryPoint) -> list[type[Strategy]]:
    # One manager per package: pluggy stops a hook call at the first exception, and one
    # package's mistake must not hide the strategies of the others.
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(entry_point.load(), name=entry_point.name)
    manager.check_pending()
    answers = manager.hook.register_strategies()
    if not answers:
        raise _BrokenPlugin("it has no register_strategies marked with @hookimpl, or it gave None")
    (classes,) = answers
    if not isinstance(classes, list) or not classes:
        raise _BrokenPlugin(f"register_strategies gave {classes!r:.60}; expected a list of classes")
    return classes


def _accept(cls: type[Strategy], *, prove: bool) -> None:
    if not (isinstance(cls, type) and issubclass(cls, Strategy)):
        raise _BrokenPlugin(f"{cls!r:.60} is not a subclass of Strategy")
    problems = objections(cls)
    if not problems and prove:
        problems = list(check_strategy(cls).findings)
    if problems:
        raise _BrokenPlugin(f"{cls.__name__}: {'; '.join(problems)}")


def _entry_points(plugin: str | None = None) -> list[EntryPoint]:
    found = entry_points(group=hookspecs.GROUP)
    return [entry_point for entry_point in found if plugin in (None, entry_point.name)]


def _described(entry_point: EntryPoint) -> Installed:
    source = entry_point.dist
    if source is None:
        return Installed(entry_point.name, "?", "?")
    return Installed(entry_point.name, source.name or "?", source.version or "?")
