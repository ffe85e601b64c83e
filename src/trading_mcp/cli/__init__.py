"""The command line. Nothing heavy is imported before a command needs it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from trading_mcp.cli import safeguards
from trading_mcp.cli.backtest_arguments import add_backtest, add_replay
from trading_mcp.cli.common import add_common
from trading_mcp.cli.data_arguments import add_data
from trading_mcp.cli.loopback import add_loopback
from trading_mcp.cli.optimize_arguments import add_optimize
from trading_mcp.cli.report_arguments import add_report


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except KeyboardInterrupt:
        # Progress is shown without an end of line: what is there of it makes way.
        clear = "\r\x1b[K" if sys.stderr.isatty() else ""
        print(f"{clear}trading-mcp: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
    except Exception as error:  # the last door: people get a sentence, not a traceback
        if not _is_expected(error):
            raise
        print(f"trading-mcp: {error}", file=sys.stderr)
        return getattr(error, "exit_code", 2)
    return code


def _is_expected(error: Exception) -> bool:
    """Say whether *error* is about what the caller gave, not about a fault of ours."""
    names = {
        "ConfigError",
        "DataDirectoryInUse",
        "DatabaseRefused",
        "KeysRefused",
        "ListenerBusy",
        "InvalidParameter",
        "ScaffoldError",
        "FileExistsError",
        "SettingRefused",
        "StorageUnavailable",
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
    _add_users(commands.add_parser("users", help="add, list or remove people who may log in"))
    _add_keys(commands.add_parser("keys", help="create, list or revoke programs' API keys"))
    add_loopback(commands.add_parser("loopback", help="run a KuCoin on this machine, to rehearse"))
    add_backtest(commands.add_parser("backtest", help="run a strategy over stored candles"))
    add_replay(
        commands.add_parser(
            "replay", help="play stored candles through the engine, beside a backtest"
        )
    )
    add_optimize(commands.add_parser("optimize", help="search a strategy's best parameters"))
    add_report(commands.add_parser("report", help="make a page of a backtest's result"))
    add_data(commands.add_parser("data", help="download, list, check or import candles"))
    safeguards.add_doctor(commands.add_parser("doctor", help="say what is wrong before a start"))
    safeguards.add_exchange_keys(
        commands.add_parser("exchange-keys", help="keep the keys of exchange accounts, encrypted")
    )
    safeguards.add_kill(commands.add_parser("kill", help="stop trading, whatever is stuck"))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    add_common(parser)
    parser.add_argument("--host", metavar="ADDRESS", help="listen here (127.0.0.1)")
    for name, default in (("port", 9090), ("rest-port", 8081), ("mcp-port", 10600)):
        parser.add_argument(
            f"--{name}", metavar="N", help=f'{default} by default; 0: any free port; "off": none'
        )
    _add_tools(parser)
    parser.add_argument("--log-format", choices=("console", "json"), help="how to write logs")
    parser.add_argument(
        "--ready-file",
        type=Path,
        metavar="PATH",
        help="write the listeners' addresses here as one line of JSON, once they answer",
    )
    parser.set_defaults(run=_serve)


def _add_mcp(parser: argparse.ArgumentParser) -> None:
    add_common(parser)
    _add_tools(parser)
    parser.set_defaults(run=_mcp)


def _add_status(parser: argparse.ArgumentParser) -> None:
    add_common(parser)
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.set_defaults(run=_status)


def _add_plugins(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list installed plugins and their strategies")
    add_common(listing)
    listing.set_defaults(run=_plugins_list)
    checking = actions.add_parser("check", help="prove that strategies keep the contract")
    checking.add_argument("names", nargs="*", metavar="PLUGIN", help="entry points; all if none")
    add_common(checking)
    checking.set_defaults(run=_plugins_check)
    new = actions.add_parser("new", help="write a new, working strategy package")
    new.add_argument("name", help="the strategy's name, such as my_strategy")
    new.add_argument("--into", type=Path, default=Path(), metavar="DIR", help="where (here)")
    new.set_defaults(run=_plugins_new)


def _add_config(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    checking = actions.add_parser("check", help="say whether the configuration can be used")
    add_common(checking)
    checking.set_defaults(run=_config_check)


def _add_users(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    adding = actions.add_parser("add", help="add a user; the password is asked for, or one line")
    _add_scopes(adding)
    adding.set_defaults(run=_users_add)
    password = actions.add_parser("password", help="set a password, and end what is logged in")
    password.set_defaults(run=_users_password)
    removing = actions.add_parser("remove", help="remove a user, and end what is logged in")
    removing.set_defaults(run=_users_remove)
    for action in (adding, password, removing):
        action.add_argument("name", metavar="NAME", help="whose; letters, digits and . _ @ -")
        add_common(action)
    listing = actions.add_parser("list", help="list the users")
    add_common(listing)
    listing.set_defaults(run=_users_list)


def _add_keys(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    creating = actions.add_parser("create", help="make a key and print it, this once")
    creating.add_argument("name", metavar="NAME", help="what it is for")
    _add_scopes(creating)
    creating.add_argument(
        "--expires", type=_lifetime, default="90d", metavar="TIME", help="90d by default; or never"
    )
    creating.set_defaults(run=_keys_create)
    revoking = actions.add_parser("revoke", help="end a key")
    revoking.add_argument("id", metavar="ID", help="its id, as `keys list` has it")
    revoking.set_defaults(run=_keys_revoke)
    listing = actions.add_parser("list", help="list the keys, revoked and expired ones too")
    listing.set_defaults(run=_keys_list)
    for action in (creating, revoking, listing):
        add_common(action)


def _add_scopes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scopes",
        type=lambda text: text.split(","),
        default=["read"],
        metavar="SCOPE,...",
        help="of read, trade, control and admin (read)",
    )


def _add_tools(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--toolsets",
        type=lambda text: text.split(","),
        metavar="NAME,...",
        help="offer agents only the tools of these groups (all)",
    )
    parser.add_argument(
        "--read-only",
        action="store_true",
        default=None,
        help="offer agents only tools that change nothing, whatever else is set",
    )


def _serve(arguments: argparse.Namespace) -> int:
    from trading_mcp.adapters.tripwire import hold_signal

    hold_signal()  # before a library starts a thread that would take it
    from trading_mcp.cli.serve import serve

    return serve(arguments)


def _mcp(arguments: argparse.Namespace) -> int:
    from trading_mcp.adapters.tripwire import hold_signal

    hold_signal()
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


def _users_add(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.users import add_user

    return add_user(arguments)


def _users_password(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.users import change_password

    return change_password(arguments)


def _users_remove(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.users import remove_user

    return remove_user(arguments)


def _users_list(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.users import list_users

    return list_users(arguments)


def _keys_create(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.keys import create_key

    return create_key(arguments)


def _keys_revoke(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.keys import revoke_key

    return revoke_key(arguments)


def _keys_list(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.keys import list_keys

    return list_keys(arguments)


def _lifetime(text: str) -> int | None:
    from trading_mcp.cli.keys import lifetime

    return lifetime(text)


def _version() -> str:
    from trading_mcp import __version__

    return f"trading-mcp {__version__}"
