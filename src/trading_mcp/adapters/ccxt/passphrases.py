"""The passphrase of the key file: from the environment, a file, or whoever sits there."""

import getpass
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from trading_mcp.adapters.ccxt.keys import looks_like_a_sample
from trading_mcp.adapters.ccxt.private_files import read_private
from trading_mcp.domain.reports import KeysRefused

PASSPHRASE = "TRADING_MCP_KEYS_PASSPHRASE"
PASSPHRASE_FILE = "TRADING_MCP_KEYS_PASSPHRASE_FILE"
_SHORTEST, _LONGEST = 12, 1024

Ask = Callable[[str], str]
"""Asks a person for what must not be seen, with the prompt given."""


def person() -> Ask | None:
    """Return what asks whoever sits at the terminal, or None if nobody does."""
    return _typed if sys.stdin.isatty() else None


def passphrase(environ: Mapping[str, str], ask: Ask | None) -> str:
    """Return the passphrase that the key file was sealed with.

    Raises:
        KeysRefused: nobody gives one.
    """
    given = _given(environ)
    if given is not None:
        return given
    if ask is None:
        raise KeysRefused(
            f"the exchange keys are encrypted: set {PASSPHRASE}, or {PASSPHRASE_FILE} to a file "
            "with the passphrase that only its owner may read"
        )
    return ask("Passphrase of the exchange keys: ")


def new_passphrase(environ: Mapping[str, str], ask: Ask | None) -> str:
    """Return a passphrase for a new key file, asked for twice if a person gives it.

    Raises:
        KeysRefused: nobody gives one, or it is too weak, or the two differ.
    """
    if ask is None or _given(environ) is not None:
        return strong(passphrase(environ, None))
    return strong(asked_twice(ask))


def asked_twice(ask: Ask) -> str:
    """Return a new passphrase. Raises KeysRefused if the person mistypes it."""
    first = ask("New passphrase for the exchange keys: ")
    if ask("Again: ") != first:
        raise KeysRefused("the two passphrases differ; nothing was changed")
    return first


def strong(chosen: str) -> str:
    """Return *chosen* if it may guard keys. Raises KeysRefused."""
    if not _SHORTEST <= len(chosen) <= _LONGEST:
        raise KeysRefused(
            f"the passphrase has {len(chosen)} characters; {_SHORTEST} to {_LONGEST} are expected"
        )
    if looks_like_a_sample(chosen):
        raise KeysRefused("the passphrase is one that anybody tries first; choose another")
    return chosen


def _typed(prompt: str) -> str:
    try:
        return getpass.getpass(prompt)
    except EOFError:
        raise KeysRefused("nothing was typed; nothing was changed") from None


def _given(environ: Mapping[str, str]) -> str | None:
    if environ.get(PASSPHRASE):
        return environ[PASSPHRASE]
    if not environ.get(PASSPHRASE_FILE):
        return None
    path = Path(environ[PASSPHRASE_FILE])
    try:
        return read_private(path).decode().splitlines()[0]
    except OSError as error:
        raise KeysRefused(f"{PASSPHRASE_FILE}: {path}: {error.strerror}") from None
    except (UnicodeDecodeError, IndexError):
        raise KeysRefused(f"{PASSPHRASE_FILE}: {path}: expected a line of text") from None
