"""Users and keys: made, listed, ended. For whoever has the data directory in hand."""

import re
from collections.abc import Callable, Sequence

import msgspec

from trading_mcp.domain.access import SCOPES, Key, Scope, User
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.ports import AccessStore, Clock, Passwords
from trading_mcp.services.access import KEY_PREFIX, digest
from trading_mcp.services.shapes.access import LONGEST_PASSWORD

SHORTEST_PASSWORD = 12
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


class Registry:
    """Keeps the register. Every method raises InvalidParameter for what it can't do."""

    def __init__(
        self,
        *,
        store: AccessStore,
        passwords: Passwords,
        clock: Clock,
        random_hex: Callable[[int], str],
    ):
        self._store, self._passwords = store, passwords
        self._clock, self._random_hex = clock, random_hex

    def all_users(self) -> list[User]:
        """Return the users by name."""
        return sorted(self._store.register().users.values(), key=lambda user: user.name)

    def all_keys(self) -> list[Key]:
        """Return the keys, the oldest first; revoked and expired ones too."""
        return sorted(self._store.register().keys.values(), key=lambda key: key.created_at)

    def add_user(self, name: str, password: str, scopes: Sequence[str]) -> User:
        """Make a user."""
        if name in self._store.register().users:
            raise InvalidParameter(f"{name}: there is such a user already")
        user = User(
            name=_named(name),
            password=self._hashed(password),
            scopes=_scopes(scopes),
            stamp=self._random_hex(8),
            created_at=self._clock.wall(),
        )
        self._store.put_user(user)
        return user

    def set_password(self, name: str, password: str) -> None:
        """Give a user a new password. Tokens that were issued under the old one end."""
        hashed, stamp = self._hashed(password), self._random_hex(8)
        changed = msgspec.structs.replace(self.user(name), password=hashed, stamp=stamp)
        self._store.put_user(changed)

    def remove_user(self, name: str) -> None:
        """Remove a user. The user's tokens end."""
        self._store.remove_user(self.user(name).name)

    def create_key(
        self, name: str, scopes: Sequence[str], *, lasts_ms: int | None
    ) -> tuple[str, Key]:
        """Make a key and return it whole, which is not possible again."""
        now, id = self._clock.wall(), self._random_hex(8)
        whole = f"{KEY_PREFIX}{id}_{self._random_hex(32)}"
        key = Key(
            id=id,
            name=_named(name),
            digest=digest(whole),
            scopes=_scopes(scopes),
            created_at=now,
            expires_at=None if lasts_ms is None else now + lasts_ms,
        )
        self._store.put_key(key)
        return whole, key

    def revoke_key(self, id: str) -> Key:
        """End a key; one that has ended already stays as it is."""
        key = self._store.register().keys.get(id.removeprefix(KEY_PREFIX))
        if key is None:
            raise InvalidParameter(f"{id}: no key has this id; `keys list` shows them")
        if key.revoked_at is None:
            key = msgspec.structs.replace(key, revoked_at=self._clock.wall())
            self._store.put_key(key)
        return key

    def user(self, name: str) -> User:
        """Return a user."""
        user = self._store.register().users.get(name)
        if user is None:
            raise InvalidParameter(f"{name}: there is no such user; `users list` shows them")
        return user

    def _hashed(self, password: str) -> str:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise InvalidParameter(
                f"The password has {len(password)} characters; "
                f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} are expected"
            )
        return self._passwords.hashed(password)


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidParameter(
            f"{name[:80]!r}: a name has up to 64 letters, digits and . _ @ -, and begins with a "
            "letter or digit"
        )
    return name


def _scopes(named: Sequence[str]) -> tuple[Scope, ...]:
    """Return the scopes in their own order. Raises InvalidParameter."""
    if unknown := set(named) - set(SCOPES):
        raise InvalidParameter(
            f"{', '.join(sorted(unknown))}: no such scope; there are {', '.join(SCOPES)}"
        )
    return tuple(scope for scope in SCOPES if scope in named)
