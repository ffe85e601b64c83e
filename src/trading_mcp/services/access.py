"""Coming in: by a person's password and the token it gives, or by a program's key."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable

import structlog

from trading_mcp.domain.access import Claims, Key, Principal, User, granted
from trading_mcp.domain.errors import TooManyRequests, Unauthorized
from trading_mcp.ports import AccessStore, Clock, Passwords, Tokens
from trading_mcp.services.rates import Rate
from trading_mcp.services.shapes.access import Login, LoginRequest
from trading_mcp.services.views import iso

log = structlog.get_logger(__name__)
KEY_PREFIX = "tmcp_"
LONGEST_CREDENTIAL = 4096
LEEWAY_S = 5
"""How far a token's beginning may lie ahead: a clock that was set back must lock nobody out."""
FAILURES, FAILURES_S = 10, 900.0
"""So many failed logins of one name, and from one address, in so many seconds."""
AT_ONCE, WAITING = 2, 16
"""Passwords that are checked at a time, at 64 MiB each, and those that may wait for it."""
USE_NOTED_EVERY_MS = 60_000


class Access:
    """Says who comes with a credential. *random_hex* returns so many random bytes in hex;
    *token_minutes* is how long a login lasts."""

    def __init__(
        self,
        *,
        store: AccessStore,
        passwords: Passwords,
        tokens: Tokens,
        clock: Clock,
        random_hex: Callable[[int], str],
        token_minutes: int,
    ):
        self._store, self._passwords, self._tokens = store, passwords, tokens
        self._clock, self._random_hex, self._token_minutes = clock, random_hex, token_minutes
        self._by_name = Rate(FAILURES, FAILURES_S, clock.monotonic)
        self._by_address = Rate(FAILURES, FAILURES_S, clock.monotonic)
        self._checking, self._waiting = asyncio.Semaphore(AT_ONCE), 0
        self._noting: set[asyncio.Task[None]] = set()
        self._noted: dict[str, int] = {}

    @property
    def is_empty(self) -> bool:
        """Whether there is neither a user nor a key."""
        register = self._store.register()
        return not register.users and not register.keys

    def recognise(self, credential: str) -> Principal:
        """Return whose token or key *credential* is. Raises Unauthorized."""
        if len(credential) > LONGEST_CREDENTIAL:
            raise Unauthorized("The credential is longer than any token or key")
        if credential.startswith(KEY_PREFIX):
            return self._of_key(credential)
        return self._of_token(credential)

    def objection(self, principal: Principal) -> Unauthorized | None:
        """Return why *principal*, who has come in, may not stay; None if there is nothing."""
        if principal.expires_at is not None and self._clock.wall() >= principal.expires_at:
            return Unauthorized("The token or key has expired")
        kind, _, name = principal.name.partition(":")
        register = self._store.register()
        if kind == "key":
            key = register.keys.get(name)
            return None if key and key.revoked_at is None else Unauthorized("The key was revoked")
        if kind == "user":
            user = register.users.get(name)
            if not user or user.stamp != principal.stamp:
                return Unauthorized("The user was removed, or has a new password")
            if principal.token in register.ended:
                return Unauthorized("The token was logged out")
        return None

    async def login(self, request: LoginRequest, *, address: str) -> Login:
        """Give a token for a name and its password. Raises Unauthorized, TooManyRequests."""
        name = request.username
        self._count(name, address)
        user = self._store.register().users.get(name)
        if not await self._matches(request.password, user.password if user else None) or not user:
            log.warning("login_failed", user=name if user else "unknown", client=address)
            raise Unauthorized("No user has this name and this password")
        self._by_name.give_back(name)
        self._by_address.give_back(address)
        log.info("logged_in", principal=f"user:{name}", client=address)
        return self._token_for(user)

    async def logout(self, principal: Principal) -> bool:
        """End the token that *principal* came with; False if it was none."""
        if not principal.token or principal.expires_at is None:
            return False
        await asyncio.to_thread(self._store.end_token, principal.token, principal.expires_at)
        log.info("logged_out", principal=principal.name)
        return True

    async def close(self) -> None:
        """Wait for what is still being written."""
        await asyncio.gather(*self._noting, return_exceptions=True)

    def _token_for(self, user: User) -> Login:
        now = self._clock.wall() // 1000
        until = now + self._token_minutes * 60
        claims = Claims(
            subject=user.name,
            id=self._random_hex(16),
            stamp=user.stamp,
            iat=now,
            nbf=now,
            exp=until,
        )
        return Login(token=self._tokens.issued(claims), expires_at=iso(until * 1000))

    def _of_token(self, token: str) -> Principal:
        claims = self._tokens.read(token)
        if claims is None:
            raise Unauthorized("The token is not one of this server's")
        now = self._clock.wall() // 1000
        if now < max(claims.nbf, claims.iat) - LEEWAY_S:
            raise Unauthorized("The token is not valid yet")
        user = self._store.register().users.get(claims.subject)
        return self._admitted(
            Principal(
                name=f"user:{claims.subject}",
                scopes=granted(user.scopes if user else ()),
                expires_at=claims.exp * 1000,
                stamp=claims.stamp,
                token=claims.id,
            )
        )

    def _of_key(self, credential: str) -> Principal:
        key = self._store.register().keys.get(key_id(credential))
        # Compared even with nothing, so that time does not tell which ids exist.
        known = hmac.compare_digest(digest(credential), key.digest if key else digest(""))
        if not known or key is None:
            raise Unauthorized("The key is not known here")
        principal = self._admitted(
            Principal(name=f"key:{key.id}", scopes=granted(key.scopes), expires_at=key.expires_at)
        )
        self._note(key)
        return principal

    def _admitted(self, principal: Principal) -> Principal:
        if objection := self.objection(principal):
            raise objection
        return principal

    def _count(self, name: str, address: str) -> None:
        """Count a failure beforehand: it is given back if the password is right."""
        for rate, key in ((self._by_address, address), (self._by_name, name)):
            allowance = rate.take(key)
            if allowance.is_refused:
                raise TooManyRequests(
                    "Too many failed logins", retry_after_s=allowance.retry_after_s
                )

    async def _matches(self, password: str, hashed: str | None) -> bool:
        if self._waiting >= WAITING:
            raise TooManyRequests("Too many are logging in at once", retry_after_s=1)
        self._waiting += 1
        try:
            async with self._checking:
                return await asyncio.to_thread(self._passwords.matches, password, hashed)
        finally:
            self._waiting -= 1

    def _note(self, key: Key) -> None:
        """Have it written that *key* was used, now and then."""
        now = self._clock.wall()
        if now - self._noted.get(key.id, 0) < USE_NOTED_EVERY_MS:
            return
        self._noted[key.id] = now
        task = asyncio.get_running_loop().create_task(self._write_use(key.id, now))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _write_use(self, key: str, at: int) -> None:
        try:
            await asyncio.to_thread(self._store.note_use, key, at)
        except Exception as error:  # it is only for people to look at
            log.warning("key_use_not_noted", key_id=key, reason=str(error))


def digest(credential: str) -> str:
    """Return what is kept of a key: its SHA-256.

    A password needs a slow hash because it can be guessed. A key is 256 random bits, which
    nobody guesses however fast, so each request may be checked in a microsecond.
    """
    return hashlib.sha256(credential.encode()).hexdigest()


def key_id(credential: str) -> str:
    """Return the part of a key that is its name: `tmcp_<id>_<secret>`."""
    return credential.removeprefix(KEY_PREFIX).partition("_")[0]
