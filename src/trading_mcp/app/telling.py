"""What errors of others are called in a sentence of ours."""

import re

_UNSEEN = re.compile(r"[^\x20-\x7e]+")


def told_of(error: BaseException) -> str:
    """Return what *error* says, on one line and not too long."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"{type(error).__name__}: {_UNSEEN.sub(' ', str(error))[:200]}".rstrip(": ")
