"""The file with the keys of exchange accounts: encrypted, and its owner's only."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from trading_mcp.adapters.ccxt.keys import Keys, usable
from trading_mcp.adapters.ccxt.private_files import read_private, replace_private
from trading_mcp.adapters.ccxt.sealing import Derivation, Seal, Sealed, WrongSeal, new_derivation
from trading_mcp.domain.reports import KeysRefused

FILE = "exchange-keys.json"
"""Its name, in the data directory."""
_CHECK = b"trading-mcp exchange keys, version 1"
_COMMAND = "`trading-mcp exchange-keys"


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account's sealed keys, and when (UTC ms) they were set."""

    set_at: int
    keys: Sealed


class Content(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of the file. *check* is something known, to tell a wrong passphrase by."""

    version: Literal[1] = 1
    derivation: Derivation
    check: Sealed
    exchanges: dict[str, Record] = {}


class KeyFile:
    """The keys in *path*. Whatever needs a passphrase takes a good part of a second.

    Everything raises KeysRefused, with what to do: for a wrong passphrase, a file that was
    changed, that others may read, or that cannot be read or written.
    """

    def __init__(self, path: Path, derived: Callable[[], Derivation] = new_derivation):
        self._path, self._derived = path, derived

    @property
    def exists(self) -> bool:
        """Whether there is such a file."""
        return self._path.exists()

    def set_times(self) -> dict[str, int]:
        """Return whose keys there are, and when (UTC ms) they were set."""
        content = self._read()
        records = sorted(content.exchanges.items()) if content else ()
        return {name: record.set_at for name, record in records}

    def keys(self, name: str, passphrase: str) -> Keys:
        """Return the keys of exchange *name*."""
        content = self._read()
        if content is None or name not in content.exchanges:
            raise KeysRefused(f"{self._path} has no keys of {name}: {_COMMAND} set {name}`")
        seal = self._unlocked(content, passphrase)
        return usable(self._opened(seal, name, content.exchanges[name]), f"{name} in {self._path}")

    def put(self, name: str, keys: Keys, passphrase: str, at: int) -> None:
        """Keep *keys* as those of exchange *name* since *at* (UTC ms); make the file if need be."""
        content = self._read()
        if content is None:
            content, seal = _new(passphrase, self._derived())
        else:
            seal = self._unlocked(content, passphrase)
        self._write(_with(content, seal, name, usable(keys, name), at))

    def remove(self, name: str) -> None:
        """Forget the keys of exchange *name*."""
        content = self._read()
        if content is None or name not in content.exchanges:
            raise KeysRefused(f"{self._path} has no keys of {name}: {_COMMAND} list` names them")
        left = {n: record for n, record in content.exchanges.items() if n != name}
        self._write(msgspec.structs.replace(content, exchanges=left))

    def rotate(self, passphrase: str, new: str) -> None:
        """Seal everything anew, under the passphrase *new*."""
        old = self._read()
        if old is None:
            raise KeysRefused(f"{self._path}: there is no such file; {_COMMAND} set` makes it")
        before = self._unlocked(old, passphrase)
        content, seal = _new(new, self._derived())
        for name, record in old.exchanges.items():
            keys = self._opened(before, name, record)
            content = _with(content, seal, name, keys, record.set_at)
        self._write(content)

    def _unlocked(self, content: Content, passphrase: str) -> Seal:
        try:
            seal = Seal(passphrase, content.derivation)
            seal.opened(content.check, _CHECK)
        except WrongSeal:
            raise KeysRefused(
                f"{self._path}: it was sealed with another passphrase, or was changed. Give the "
                f"right one; if it is lost, delete the file and {_COMMAND} set` the keys again"
            ) from None
        return seal

    def _opened(self, seal: Seal, name: str, record: Record) -> Keys:
        try:
            return msgspec.json.decode(
                seal.opened(record.keys, _about(name, record.set_at)), type=Keys
            )
        except (WrongSeal, msgspec.MsgspecError):
            raise KeysRefused(
                f"{self._path}: the keys of {name} are not what was written: somebody changed the "
                f"file. Find out who; then {_COMMAND} remove {name}` and set them again"
            ) from None

    def _read(self) -> Content | None:
        try:
            text = read_private(self._path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeysRefused(f"{self._path} cannot be read: {error.strerror}") from None
        try:
            return msgspec.json.decode(text, type=Content)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise KeysRefused(
                f"{self._path}: not a key file of this version ({error}). Restore a copy, or "
                f"delete it and {_COMMAND} set` the keys again"
            ) from None

    def _write(self, content: Content) -> None:
        try:
            replace_private(self._path, msgspec.json.format(msgspec.json.encode(content)) + b"\n")
        except OSError as error:
            raise KeysRefused(f"{self._path} cannot be written: {error.strerror}") from None


def _new(passphrase: str, derivation: Derivation) -> tuple[Content, Seal]:
    seal = Seal(passphrase, derivation)
    return Content(derivation=derivation, check=seal.sealed(b"", _CHECK)), seal


def _with(content: Content, seal: Seal, name: str, keys: Keys, at: int) -> Content:
    sealed = seal.sealed(msgspec.json.encode(keys), _about(name, at))
    record = Record(set_at=at, keys=sealed)
    return msgspec.structs.replace(content, exchanges={**content.exchanges, name: record})


def _about(name: str, at: int) -> bytes:
    """Bind a record to its name: another exchange's keys cannot be put in its place."""
    return msgspec.json.encode([_CHECK.decode(), name, at])
