"""`trading-mcp plugins`: what is installed, whether it keeps the contract, a new one."""

import argparse

from trading_mcp.cli.settings import configuration
from trading_mcp.cli.tables import print_table


def list_plugins(arguments: argparse.Namespace) -> int:
    """Print installed plugins, whether they are enabled, and what they bring."""
    from trading_mcp.strategy.loader import discover, installed

    enabled = set(configuration(arguments).strategies.enabled)
    catalogue = discover(enabled)
    rows: list[tuple[str, ...]] = [("PLUGIN", "VERSION", "STATE", "STRATEGIES")]
    for plugin in installed():
        name = plugin.plugin
        brought = [n for n, info in catalogue.strategies.items() if info.plugin == name]
        state = "broken" if name in catalogue.broken else "on" if name in enabled else "off"
        rows.append((name, plugin.version, state, ", ".join(brought)))
    print_table(rows)
    for name, reason in sorted(catalogue.broken.items()):
        print(f"\n{name} is broken: {reason}")
    return 1 if catalogue.broken else 0


def check_plugins(arguments: argparse.Namespace) -> int:
    """Put plugins' strategies through every trial; 1 if any fails."""
    from trading_mcp.strategy.conformance import check_strategy
    from trading_mcp.strategy.loader import discover, installed

    names = arguments.names or [plugin.plugin for plugin in installed()]
    catalogue = discover(names)
    for name, reason in sorted(catalogue.broken.items()):
        print(f"{name}: broken: {reason}")
    failed = bool(catalogue.broken)
    for name, info in sorted(catalogue.strategies.items()):
        report = check_strategy(info.cls)
        failed = failed or not report.passed
        asked = f"{report.milliseconds:.2f} ms an answer"
        told = "passes" if report.passed else "FAILS"
        print(f"{name} ({info.distribution} {info.version}): {told}, {asked}")
        for finding in report.findings:
            print(f"  - {finding}")
    return 1 if failed else 0


def new_plugin(arguments: argparse.Namespace) -> int:
    """Write a working strategy package."""
    from trading_mcp.strategy.scaffold import write_package

    for path in write_package(arguments.name, arguments.into):
        print(path)
    print("Next: pip install -e its folder, name it in strategies.enabled, start the server.")
    return 0
