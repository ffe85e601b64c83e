"""Whether a private request comes from the holder of the key."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from trading_mcp.testkit.kucoin.calls import Permission
from trading_mcp.testkit.kucoin.settings import LoopbackSettings
from trading_mcp.testkit.kucoin.slips import Refusal

_HEADERS = ("KC-API-KEY", "KC-API-SIGN", "KC-API-TIMESTAMP", "KC-API-PASSPHRASE")
WINDOW_MS = 5000
"""How far a request's time may be from the exchange's."""


def check(settings: LoopbackSettings, headers: Mapping[str, str], signed: str, now: int) -> None:
    """Raise Refusal unless *headers* prove the key. *signed* is method, path, query and body."""
    if any(not headers.get(name) for name in _HEADERS):
        raise Refusal("400001", f"Please check the header of your request for {_HEADERS}", 401)
    timestamp = headers["KC-API-TIMESTAMP"]
    if not timestamp.isdigit() or abs(int(timestamp) - now) > WINDOW_MS:
        raise Refusal("400002", "KC-API-TIMESTAMP Invalid", 401)
    if headers["KC-API-KEY"] != settings.api_key:
        raise Refusal("400003", "KC-API-KEY not exists", 401)
    if not _is(headers["KC-API-PASSPHRASE"], _passphrase(settings, headers)):
        raise Refusal("400004", "Invalid KC-API-PASSPHRASE", 401)
    if not _is(headers["KC-API-SIGN"], sign(settings.secret, timestamp + signed)):
        raise Refusal("400005", "Invalid KC-API-SIGN", 401)


def check_permission(settings: LoopbackSettings, needed: Permission) -> None:
    """Raise Refusal unless the key has a permission."""
    held = {permission.strip() for permission in settings.permissions.split(",")}
    if needed and needed not in held:
        raise Refusal("400007", "Access denied, require more permission.", 403)


def sign(secret: str, message: str) -> str:
    """Return KuCoin's signature of *message*."""
    digest = hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _passphrase(settings: LoopbackSettings, headers: Mapping[str, str]) -> str:
    if headers.get("KC-API-KEY-VERSION", "1") == "1":
        return settings.passphrase
    return sign(settings.secret, settings.passphrase)


def _is(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
