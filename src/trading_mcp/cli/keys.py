"""`trading-mcp keys`: what programs show instead of a password."""

import argparse
import re
import sys
from typing import TYPE_CHECKING

from trading_mcp.cli.settings import configuration
from trading_mcp.cli.tables import day_and_time, print_table

if TYPE_CHECKING:
    from trading_mcp.domain.access import Key

_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


def lifetime(text: str) -> int | None:
    """Read `90d`, `12h`, `30m` as milliseconds, `never` as None. Raises argparse's error."""
    if text == "never":
        return None
    found = re.fullmatch(r"([1-9]\d{0,4})([mhd])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r}: expected such as 90d, 12h, 30m, or never")
    return int(found[1]) * _MS[found[2]]


def create_key(arguments: argparse.Namespace) -> int:
    """Make a key and print it, this once."""
    from trading_mcp.app import registry

    with registry(configuration(arguments)) as register:
        whole, key = register.create_key(
            arguments.name, arguments.scopes, lasts_ms=arguments.expires
        )
    print(whole)
    until = day_and_time(key.expires_at)
    print(
        f"The key of {key.name} (id {key.id}; scopes {', '.join(key.scopes)}; expires {until}). "
        "It is not kept and cannot be shown again.",
        file=sys.stderr,
    )
    return 0


def revoke_key(arguments: argparse.Namespace) -> int:
    """End a key."""
    from trading_mcp.app import registry

    with registry(configuration(arguments)) as register:
        key = register.revoke_key(arguments.id)
    print(f"The key {key.id} of {key.name} is revoked.")
    return 0


def list_keys(arguments: argparse.Namespace) -> int:
    """Print the keys, without what makes them keys."""
    from trading_mcp.app import registry

    rows = [("ID", "NAME", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "REVOKED")]
    with registry(configuration(arguments)) as register:
        rows += [_row(key) for key in register.all_keys()]
    print_table([*rows])
    return 0


def _row(key: "Key") -> tuple[str, str, str, str, str, str, str]:
    return (
        key.id,
        key.name,
        ",".join(key.scopes),
        day_and_time(key.created_at),
        day_and_time(key.expires_at),
        day_and_time(key.last_used_at),
        day_and_time(key.revoked_at, "no"),
    )
