"""Tokens: JSON Web Tokens (RFC 7519) signed with HS256, and nothing else taken for one."""

from collections.abc import Callable
from functools import cached_property

import msgspec

from trading_mcp.domain.access import Claims

ALGORITHM = "HS256"
ISSUER = "trading-mcp"
AUDIENCE = "trading-mcp:api"
LEAST_BYTES = 32
"""HS256 is as strong as its key is long (RFC 7518, 3.2); PyJWT only warns of shorter ones."""


class JwtTokens:
    """Signs and reads tokens. *secret* is called when it is first needed."""

    def __init__(self, secret: Callable[[], bytes]):
        self._ask_secret = secret

    def issued(self, claims: Claims) -> str:
        """Return a token that says *claims*."""
        import jwt

        said = {**msgspec.to_builtins(claims), "iss": ISSUER, "aud": AUDIENCE}
        return jwt.encode(said, self._secret, algorithm=ALGORITHM)

    def read(self, token: str) -> Claims | None:
        """Return what *token* says if we have signed it for ourselves; its times are not judged."""
        import jwt

        try:
            said = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                # PyJWT would ask a clock of its own.
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
            return msgspec.convert(said, Claims)
        except (jwt.InvalidTokenError, msgspec.ValidationError):
            return None

    @cached_property
    def _secret(self) -> bytes:
        secret = self._ask_secret()
        if len(secret) < LEAST_BYTES:
            raise ValueError(f"the tokens' secret has {len(secret)} bytes; {LEAST_BYTES} at least")
        return secret
