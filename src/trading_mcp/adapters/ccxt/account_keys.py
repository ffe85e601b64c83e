"""Where an account's keys come from: the environment, else the encrypted file."""

from collections.abc import Mapping
from pathlib import Path

from trading_mcp.adapters.ccxt.key_file import FILE, KeyFile
from trading_mcp.adapters.ccxt.keys import Keys, usable
from trading_mcp.adapters.ccxt.passphrases import Ask, passphrase, person
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.domain.reports import KeysRefused

_FIELDS = ("api_key", "secret", "passphrase")


def keys_of(
    name: str,
    settings: ExchangeSettings,
    data_dir: Path,
    environ: Mapping[str, str],
    ask: Ask | None = None,
) -> Keys | None:
    """Return the keys of exchange *name*, or None if there are none anywhere.

    What *settings* name in the environment comes first. The file's passphrase is taken from the
    environment too, or asked for with *ask* (at the terminal, if there is one). Opening the file
    takes a good part of a second.

    Raises:
        KeysRefused: there are some, and they can't be used; the message says what to do.
    """
    if any(getattr(settings, field) for field in _FIELDS):
        return _in_environment(name, settings, environ)
    file = KeyFile(data_dir / FILE)
    if name not in file.set_times():
        return None
    return file.keys(name, passphrase(environ, ask or person()))


def variables(settings: ExchangeSettings) -> dict[str, str]:
    """Return the environment variable that each named key is in."""
    named = {field: getattr(settings, field).removeprefix("env:") for field in _FIELDS}
    return {field: variable for field, variable in named.items() if variable}


def _in_environment(name: str, settings: ExchangeSettings, environ: Mapping[str, str]) -> Keys:
    found = variables(settings)
    for field in ("api_key", "secret"):
        if field not in found:
            raise KeysRefused(
                f"exchanges.{name}.{field} is not set: API key and secret go together"
            )
    for field, variable in found.items():
        if not environ.get(variable):
            raise KeysRefused(
                f"exchanges.{name}.{field}: the environment variable {variable} is not set"
            )
    values = {field: environ[variable] for field, variable in found.items()}
    return usable(Keys(**values), f"exchanges.{name}")
