"""Runs over history as they are remembered."""

from typing import Any, Literal

import msgspec

RunStatus = Literal["queued", "running", "completed", "failed", "cancelled"]


class KeptRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run. *at* is when it was asked for (UTC ms, by the wall clock).

    *inputs* is all that decides what comes out, *report* what came of it but its trades (empty
    until it is completed); *error* and *code* say why it failed.
    """

    id: str
    at: int
    status: RunStatus
    inputs: dict[str, Any]
    report: dict[str, Any] = {}
    error: str = ""
    code: str = ""
