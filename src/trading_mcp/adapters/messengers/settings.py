"""The `[alerts]` section of the configuration."""

from typing import Annotated

import msgspec
from msgspec import Meta


class AlertsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How alerts leave.

    allow_private_targets: let webhooks and mail servers be on this machine or in its network.
    timeout_ms: how long a channel may take to connect, and to answer.
    """

    allow_private_targets: bool = False
    timeout_ms: Annotated[int, Meta(ge=100, le=60_000)] = 10_000
