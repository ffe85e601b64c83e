"""The command line. Nothing heavy is imported before a command needs it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0
    except Exception as error:  # the last door: people get a sentence, not a traceback
        if not _is_expected(error):
            raise
        print(f"trading-mcp: {error}", file=sys.stderr)
        return 2
    return code


def _is_expected(error: Exception) -> bool:
    """Say whether *error* is about what the caller gave, not about a fault of ours."""
    names = {
        "ConfigError",
        "DataDirectoryInUse",
        "DatabaseRefused",
        "ListenerBusy",
        "InvalidParameter",
        "ScaffoldError",
        "FileExistsError",
    }
    return any(kind.__name__ in names for kind in type(error).__mro__)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trading-mcp",
        description="A trading server that speaks REST, WebSocket and MCP from one process.",
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="run the server"))
    _add_mcp(commands.add_parser("mcp", help="speak MCP over standard input and output"))
    _add_status(commands.add_parser("status", help="say how the running server is"))
    _add_plugins(commands.add_parser("plugins", help="list, check or begin strategy plugins"))
    _add_config(commands.add_parser("config", help="check the configuration"))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
    parser.add_argument("--host", metavar="ADDRESS", help="listen here (127.0.0.1)")
    for name, default in (("port", 9090), ("rest-port", 8081), ("mcp-port", 10600)):
        parser.add_argument(
            f"--{name}", metavar="N", help=f'{default} by default; 0: any free port; "off": none'
        )
    parser.add_argument("--log-format", choices=("console", "json"), help="how to write logs")
    parser.add_argument(
        "--ready-file",
        type=Path,
        metavar="PATH",
        help="write the listeners' addresses here as one line of JSON, once they answer",
    )
    parser.set_defaults(run=_serve)


def _add_mcp(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
    parser.set_defaults(run=_mcp)


def _add_status(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.set_defaults(run=_status)


def _add_plugins(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list installed plugins and their strategies")
    _add_common(listing)
    listing.set_defaults(run=_plugins_list)
    checking = actions.add_parser("check", help="prove that strategies keep the contract")
    checking.add_argument("names", nargs="*", metavar="PLUGIN", help="entry points; all if none")
    _add_common(checking)
    checking.set_defaults(run=_plugins_check)
    new = actions.add_parser("new", help="write a new, working strategy package")
    new.add_argument("name", help="the strategy's name, such as my_strategy")
    new.add_argument("--into", type=Path, default=Path(), metavar="DIR", help="where (here)")
    new.set_defaults(run=_plugins_new)


def _add_config(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    checking = actions.add_parser("check", help="say whether the configuration can be used")
    _add_common(checking)
    checking.set_defaults(run=_config_check)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="config.toml, if it is there")
    parser.add_argument("--data-dir", metavar="DIR", help="where state is kept")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="override one setting; may be repeated",
    )


def _serve(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.serve import serve

    return serve(arguments)


def _mcp(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.mcp import mcp

    return mcp(arguments)


def _status(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.status import status

    return status(arguments)


def _plugins_list(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.plugins import list_plugins

    return list_plugins(arguments)


def _plugins_check(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.plugins import check_plugins

    return check_plugins(arguments)


def _plugins_new(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.plugins import new_plugin

    return new_plugin(arguments)


def _config_check(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.settings import check_config

    return check_config(arguments)


def _version() -> str:
    from trading_mcp import __version__

    return f"trading-mcp {__version__}"
