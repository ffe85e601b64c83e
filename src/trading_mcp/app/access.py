"""Users, keys and tokens: opened for the server, and for commands beside it."""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.adapters.credentials.passwords import Argon2Passwords
from trading_mcp.adapters.credentials.secret import kept_secret
from trading_mcp.adapters.credentials.tokens import LEAST_BYTES, JwtTokens
from trading_mcp.adapters.sqlite.access import SqliteAccessStore
from trading_mcp.config import Config, ConfigError
from trading_mcp.services.access import Access
from trading_mcp.services.registry import Registry

ACCESS = "access.sqlite"
"""The register of users and keys, in the data directory."""


def open_access(
    config: Config, directory: Path, clock: SystemClock, stack: contextlib.AsyncExitStack
) -> Access:
    """Open the register of users and keys until *stack* ends."""
    store = SqliteAccessStore(directory / ACCESS, wall=clock.wall)
    stack.callback(store.close)
    access = Access(
        store=store,
        passwords=Argon2Passwords(),
        tokens=JwtTokens(token_secret(config, directory)),
        clock=clock,
        random_hex=secrets.token_hex,
        token_minutes=config.auth.token_minutes,
    )
    stack.push_async_callback(access.close)
    return access


@contextlib.contextmanager
def registry(config: Config) -> Iterator[Registry]:
    """Open the register of users and keys, which a running server reads too."""
    clock = SystemClock()
    store = SqliteAccessStore(Path(config.storage.data_dir) / ACCESS, wall=clock.wall)
    try:
        yield Registry(
            store=store,
            passwords=Argon2Passwords(),
            clock=clock,
            random_hex=secrets.token_hex,
        )
    finally:
        store.close()


def token_secret(config: Config, directory: Path) -> Callable[[], bytes]:
    """Return what gives the secret that tokens are signed with. Raises ConfigError."""
    name = config.auth.token_secret.removeprefix("env:")
    if not name:
        return lambda: kept_secret(directory / "auth.secret")
    secret = os.environ.get(name, "").encode()
    if len(secret) < LEAST_BYTES:
        raise ConfigError(
            f"auth.token_secret: the environment variable {name} has {len(secret)} bytes; "
            f"{LEAST_BYTES} at least are expected"
        )
    return lambda: secret
