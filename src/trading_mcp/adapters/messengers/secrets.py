"""Secrets: found where they were left, and taken out of what is told of a failure."""

import os
import re

from trading_mcp.domain.alerts import ENV, AnyConfig, NotDelivered

LONGEST = 200
HIDDEN = "[hidden]"


def revealed(value: str) -> str:
    """Return a secret, from the environment if *value* names a variable. Raises NotDelivered."""
    if not value.startswith(ENV):
        return value
    name = value.removeprefix("env:")
    found = os.environ.get(name)
    if not found:
        raise NotDelivered(f"the environment variable {name} is not set")
    return found


def told(text: str, config: AnyConfig) -> str:
    """Return *text* without the secrets of *config*, in one short line."""
    for field in config.hidden:
        value = getattr(config, field)
        found = os.environ.get(value.removeprefix("env:"), "") if value.startswith(ENV) else value
        if found:
            text = text.replace(found, HIDDEN)
    return re.sub(r"\s+", " ", text).strip()[:LONGEST]
