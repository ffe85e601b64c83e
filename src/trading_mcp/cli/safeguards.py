"""The arguments of the commands that keep a server safe: doctor, exchange-keys, kill."""

import argparse

from trading_mcp.cli.common import add_common


def add_exchange_keys(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take what `exchange-keys` takes."""
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    setting = actions.add_parser("set", help="keep an account's keys; asked for, or three lines")
    setting.set_defaults(run=_exchange_keys_set)
    removing = actions.add_parser("remove", help="forget an account's keys")
    removing.set_defaults(run=_exchange_keys_remove)
    for action in (setting, removing):
        action.add_argument("name", metavar="NAME", help="the exchange, as its section has it")
    listing = actions.add_parser("list", help="list whose keys are kept, never the keys")
    listing.set_defaults(run=_exchange_keys_list)
    rotating = actions.add_parser("rotate", help="give the file another passphrase")
    rotating.set_defaults(run=_exchange_keys_rotate)
    for action in (setting, removing, listing, rotating):
        add_common(action)


def add_doctor(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take what `doctor` takes."""
    add_common(parser)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--offline", action="store_true", help="ask no exchange")
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=10.0,
        metavar="SECONDS",
        help="how long each question to an exchange may take (10)",
    )
    parser.set_defaults(run=_doctor)


def add_kill(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take what `kill` takes."""
    add_common(parser)
    parser.add_argument("--reason", default="trading-mcp kill", metavar="TEXT", help="why")
    parser.add_argument(
        "--cancel-orders",
        action="store_true",
        help="also cancel, at the exchanges themselves, all open orders but protective stops",
    )
    parser.add_argument(
        "--all", action="store_true", help="with --cancel-orders: protective stops as well"
    )
    parser.add_argument("--status", action="store_true", help="only say whether it is tripped")
    parser.set_defaults(run=_kill)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text!r}: expected seconds, above 0 to 600")
    return seconds


def _exchange_keys_set(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.exchange_keys import set_keys

    return set_keys(arguments)


def _exchange_keys_remove(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.exchange_keys import remove_keys

    return remove_keys(arguments)


def _exchange_keys_list(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.exchange_keys import list_keys

    return list_keys(arguments)


def _exchange_keys_rotate(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.exchange_keys import rotate

    return rotate(arguments)


def _doctor(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.doctor import doctor

    return doctor(arguments)


def _kill(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.kill import kill

    return kill(arguments)
