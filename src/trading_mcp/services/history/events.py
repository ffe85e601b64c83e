"""What happens while history is downloaded: told as it happens, for whoever shows progress."""

from collections.abc import Callable

import msgspec


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange has told everything before *until* (UTC ms).

    *candles* is how many came so far; *done_ms* of the *of_ms* that were missing are dealt with.
    """

    until: int
    candles: int
    done_ms: int
    of_ms: int


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """*candles* more are on disk, the last of which closed at *until* (UTC ms)."""

    until: int
    candles: int


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange failed, for *reason*; it is asked again in *seconds*."""

    seconds: float
    reason: str


Event = Fetched | Kept | Waiting
Tell = Callable[[Event], None]
