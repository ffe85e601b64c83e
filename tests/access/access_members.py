"""Users and keys of all kinds, and a clock that stands until it is moved."""

import secrets

from trading_mcp.adapters.credentials.passwords import Argon2Passwords
from trading_mcp.adapters.credentials.tokens import JwtTokens
from trading_mcp.ports import AccessStore
from trading_mcp.services.access import Access
from trading_mcp.services.registry import Registry

SECRET = bytes(range(32))
PASSWORD = "correct horse battery"
DAY_MS = 86_400_000


class SetClock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.at, self.seconds = 1_763_286_600_000, 0.0

    def now(self) -> int:
        return self.at

    def wall(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    def pass_(self, seconds: float) -> None:
        self.at += int(seconds * 1000)
        self.seconds += seconds


class Members:
    """A register, and what stands at the door with it. Hashing is as quick as argon2 allows."""

    def __init__(self, store: AccessStore, clock: SetClock, *, secret: bytes):
        self.store, self.clock = store, clock
        passwords = Argon2Passwords(passes=1, memory_kib=8, lanes=1)
        self.tokens = JwtTokens(lambda: secret)
        self.registry = Registry(
            store=store, passwords=passwords, clock=clock, random_hex=secrets.token_hex
        )
        self.access = Access(
            store=store,
            passwords=passwords,
            tokens=self.tokens,
            clock=clock,
            random_hex=secrets.token_hex,
            token_minutes=60,
        )

    def key(self, *scopes: str, lasts_ms: int | None = DAY_MS) -> str:
        """Return a new key with *scopes*."""
        whole, _ = self.registry.create_key("bot", scopes, lasts_ms=lasts_ms)
        return whole

    def user(self, name: str = "ada", *scopes: str) -> str:
        """Make a user; return the name."""
        return self.registry.add_user(name, PASSWORD, scopes or ("read",)).name
