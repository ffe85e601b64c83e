"""Passwords, hashed with argon2id."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher


class Argon2Passwords:
    """Hashes at RFC 9106's second recommended strength: 64 MiB, three passes, four lanes."""

    def __init__(self, *, passes: int = 3, memory_kib: int = 65_536, lanes: int = 4):
        self._passes, self._memory_kib, self._lanes = passes, memory_kib, lanes

    def hashed(self, password: str) -> str:
        """Return a salted hash of *password*."""
        return self._hasher.hash(password)

    def matches(self, password: str, hashed: str | None) -> bool:
        """Say whether *hashed* is of *password*. None takes as long, and never is."""
        from argon2.exceptions import Argon2Error, InvalidHashError

        # Asked for even when it is not needed, so that the first unknown name does not stand out.
        nobody = self._nobody
        try:
            return self._hasher.verify(hashed or nobody, password) and hashed is not None
        except (Argon2Error, InvalidHashError):
            return False

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher

        return PasswordHasher(self._passes, self._memory_kib, self._lanes)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash("nobody's password, to be compared with for as long as any")
