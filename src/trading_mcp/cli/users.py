"""`trading-mcp users`: people with passwords."""

import argparse
import getpass
import sys

from trading_mcp.cli.settings import configuration
from trading_mcp.cli.tables import day_and_time, print_table


def add_user(arguments: argparse.Namespace) -> int:
    """Make a user; the password is asked for, never an argument."""
    from trading_mcp.app import registry

    with registry(configuration(arguments)) as people:
        user = people.add_user(arguments.name, _new_password(), arguments.scopes)
    print(f"{user.name} may now log in, with the scopes {', '.join(user.scopes)}.")
    return 0


def change_password(arguments: argparse.Namespace) -> int:
    """Give a user another password. What was logged in before is logged out."""
    from trading_mcp.app import registry

    with registry(configuration(arguments)) as people:
        people.user(arguments.name)  # before a password is thought up for nobody
        people.set_password(arguments.name, _new_password())
    print(f"{arguments.name} has a new password; earlier logins have ended.")
    return 0


def remove_user(arguments: argparse.Namespace) -> int:
    """Remove a user."""
    from trading_mcp.app import registry

    with registry(configuration(arguments)) as people:
        people.remove_user(arguments.name)
    print(f"{arguments.name} is removed, and all logins with that name have ended.")
    return 0


def list_users(arguments: argparse.Namespace) -> int:
    """Print the users."""
    from trading_mcp.app import registry

    rows: list[tuple[str, ...]] = [("NAME", "SCOPES", "CREATED")]
    with registry(configuration(arguments)) as people:
        for user in people.all_users():
            rows.append((user.name, ",".join(user.scopes), day_and_time(user.created_at)))
    print_table(rows)
    return 0


def _new_password() -> str:
    """Ask for a password twice; of what is no terminal take one line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        from trading_mcp.domain.errors import InvalidParameter

        raise InvalidParameter("The two passwords differ")
    return password
