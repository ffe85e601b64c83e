"""Who may come in, and how they prove it."""

from typing import Protocol

from trading_mcp.domain.access import Claims, Key, Register, User


class AccessStore(Protocol):
    """Who may come in, on disk; other processes may write to it at any time. Writing blocks."""

    def register(self) -> Register:
        """Return everybody, as of now. Returns the same object until something has changed."""
        ...

    def put_user(self, user: User) -> None:
        """Keep *user*, in place of one of the same name."""
        ...

    def remove_user(self, name: str) -> None:
        """Forget a user."""
        ...

    def put_key(self, key: Key) -> None:
        """Keep *key*, in place of one of the same id."""
        ...

    def note_use(self, key_id: str, at: int) -> None:
        """Note when a key was used last (UTC ms)."""
        ...

    def end_token(self, token_id: str, expires_at: int) -> None:
        """Let a token count no more. It is forgotten once it has expired (UTC ms)."""
        ...


class Passwords(Protocol):
    """Hashes that are slow on purpose. Both methods block for a good part of a second."""

    def hashed(self, password: str) -> str:
        """Return a salted hash of *password*."""
        ...

    def matches(self, password: str, hashed: str | None) -> bool:
        """Say whether *hashed* is of *password*. None takes as long, and never is."""
        ...


class Tokens(Protocol):
    """Signed tokens."""

    def issued(self, claims: Claims) -> str:
        """Return a token that says *claims*."""
        ...

    def read(self, token: str) -> Claims | None:
        """Return what *token* says if we have signed it for ourselves; its times are not judged."""
        ...
