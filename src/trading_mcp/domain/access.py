"""Who may come in, and what each may do."""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import msgspec

Scope = Literal["read", "trade", "control", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""read: look. trade: orders and positions. control: engine, strategies, kill switch on. admin: all,
and what raises risk besides."""


def granted(named: Iterable[Scope]) -> frozenset[Scope]:
    """Return what *named* scopes come to: each lets its holder read, and admin does everything."""
    asked = frozenset(named)
    return frozenset(SCOPES) if "admin" in asked else asked | {"read"}


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has come in, such as `user:ada`, `key:1f3a...` or `local:rest`.

    *expires_at* (UTC ms) ends it. *stamp* and *token* are the proof that is asked for again as
    long as a connection lasts: the user's stamp when the token was issued, and the token's id.
    """

    name: str
    scopes: frozenset[Scope]
    expires_at: int | None = None
    stamp: str = ""
    token: str = ""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person with a password, of which only a slow hash is kept.

    *stamp* changes with the password: tokens of an older stamp are worth nothing.
    """

    name: str
    password: str
    scopes: tuple[Scope, ...]
    stamp: str
    created_at: int


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A program's key, of which only a digest is kept. Times are UTC ms."""

    id: str
    name: str
    digest: str
    scopes: tuple[Scope, ...]
    created_at: int
    expires_at: int | None = None
    last_used_at: int | None = None
    revoked_at: int | None = None


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody who may come in. *ended* has the ids of tokens that were logged out."""

    users: Mapping[str, User]
    keys: Mapping[str, Key]
    ended: frozenset[str]


class Claims(msgspec.Struct, frozen=True, kw_only=True, rename={"subject": "sub", "id": "jti"}):
    """What a token says: whose it is, under which stamp, and from when to when (UTC s)."""

    subject: str
    id: str
    stamp: str
    iat: int
    nbf: int
    exp: int
