"""The strategies: do the enabled plugins load, and are their settings such as they take?"""

from collections.abc import Iterator, Mapping

from trading_mcp.app.doctor.findings import Finding, fail, ok, warn
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.engine.settings import StrategiesSettings, StrategySettings
from trading_mcp.strategy.loader import StrategyInfo, discover
from trading_mcp.strategy.params import build_params


def plugins(settings: StrategiesSettings) -> Iterator[Finding]:
    """Load what is enabled, as the server would."""
    catalogue = discover(settings.enabled)
    for name, reason in sorted(catalogue.broken.items()):
        do = "mend or install it, or take it out of strategies.enabled"
        yield fail(f"strategies.{name}", f"the plugin is broken: {reason}", do=do)
    if catalogue.strategies:
        yield ok("strategies.loaded", ", ".join(sorted(catalogue.strategies)))
    else:
        do = "name plugins in strategies.enabled, unless only people and agents are to trade"
        yield warn("strategies.loaded", "none is enabled: nothing trades by itself", do=do)
    yield from _configured(settings.settings, catalogue.strategies)


def _configured(
    settings: Mapping[str, StrategySettings], strategies: Mapping[str, StrategyInfo]
) -> Iterator[Finding]:
    for name, chosen in settings.items():
        if (info := strategies.get(name)) is None:
            do = "name its plugin in strategies.enabled, or delete the settings"
            yield warn(f"strategies.settings.{name}", "no enabled strategy is called that", do=do)
            continue
        try:
            build_params(info.cls, chosen.params)
        except InvalidParameter as error:
            yield fail(f"strategies.settings.{name}", error.message, do=error.hint or "correct it")
