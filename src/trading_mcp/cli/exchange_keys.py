"""`trading-mcp exchange-keys`: the keys of exchange accounts, in an encrypted file."""

import argparse
import os
import re
import sys
from pathlib import Path

from trading_mcp.adapters.ccxt.account_keys import variables
from trading_mcp.adapters.ccxt.key_file import FILE, KeyFile
from trading_mcp.adapters.ccxt.keys import Keys
from trading_mcp.adapters.ccxt.passphrases import (
    asked_twice,
    new_passphrase,
    passphrase,
    person,
    strong,
)
from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.cli.settings import configuration
from trading_mcp.cli.tables import day_and_time, print_table
from trading_mcp.config import Config
from trading_mcp.domain.errors import InvalidParameter

_WITH_PASSPHRASE = frozenset({"kucoin", "kucoinfutures"})
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


def set_keys(arguments: argparse.Namespace) -> int:
    """Keep the keys of one exchange; they are asked for, never an argument."""
    config, name = configuration(arguments), arguments.name
    if name == "sim" or not _NAME.fullmatch(name):
        # Not shown: somebody may have put the key there.
        raise InvalidParameter("NAME: expected the name of a section [exchanges.NAME]")
    file, ask = _file(config), person()
    opened_with = (passphrase if file.exists else new_passphrase)(os.environ, ask)
    file.put(name, _whole(_typed_keys(), config, name), opened_with, SystemClock().wall())
    print(f"The keys of {name} are kept, encrypted, in {_path(config)}.")
    _say_what_else(config, name)
    return 0


def list_keys(arguments: argparse.Namespace) -> int:
    """Print whose keys there are."""
    times = _file(configuration(arguments)).set_times()
    rows: list[tuple[str, ...]] = [("EXCHANGE", "SET")]
    print_table([*rows, *((name, day_and_time(at)) for name, at in times.items())])
    return 0


def remove_keys(arguments: argparse.Namespace) -> int:
    """Forget the keys of one exchange."""
    config = configuration(arguments)
    _file(config).remove(arguments.name)
    print(f"The keys of {arguments.name} are removed. At the exchange they are as good as before.")
    return 0


def rotate(arguments: argparse.Namespace) -> int:
    """Give the file another passphrase: asked for twice, or one line."""
    config, ask = configuration(arguments), person()
    old = passphrase(os.environ, ask)
    new = asked_twice(ask) if ask else sys.stdin.readline().rstrip("\r\n")
    _file(config).rotate(old, strong(new))
    print(f"{_path(config)} has a new passphrase. Copies of the file have the old one.")
    return 0


def _typed_keys() -> Keys:
    """Ask for the keys without showing them; of what is no terminal take three lines."""
    ask = person()
    if ask is None:
        lines = [sys.stdin.readline().strip() for _ in range(3)]
        return Keys(api_key=lines[0], secret=lines[1], passphrase=lines[2])
    return Keys(
        api_key=ask("API key: ").strip(),
        secret=ask("Secret: ").strip(),
        passphrase=ask("Passphrase of the API key (empty if it has none): ").strip(),
    )


def _whole(keys: Keys, config: Config, name: str) -> Keys:
    """Return *keys*. Raises InvalidParameter if the exchange needs a passphrase as well."""
    section = config.exchanges.real.get(name)
    kind = (section.kind if section else "") or name
    if kind in _WITH_PASSPHRASE and keys.api_key and keys.secret and not keys.passphrase:
        raise InvalidParameter(
            f"{kind}'s API keys have a passphrase, and none was given: nothing was changed. "
            "Type it after the secret, or pipe three lines: key, secret, passphrase"
        )
    return keys


def _say_what_else(config: Config, name: str) -> None:
    section = config.exchanges.real.get(name)
    if section is None:
        print(f"No section [exchanges.{name}] uses them yet.")
    elif variables(section):
        print(f"exchanges.{name} names environment variables, which come first.")
    elif section.mode != "live":
        print(f'exchanges.{name}.mode is "{section.mode}", which uses no keys.')


def _file(config: Config) -> KeyFile:
    return KeyFile(_path(config))


def _path(config: Config) -> Path:
    return Path(config.storage.data_dir) / FILE
