"""What errors of others are called in a sentence of ours."""

import re

_ADDRESS = re.compile(r"(?:\b(?:GET|POST|PUT|DELETE) )?\b(?:https?|wss?)://\S+")
_UNSEEN = re.compile(r"[^\x20-\x7e]+")


def told_of(error: BaseException) -> str:
    """Return what *error* says, on one line, without addresses and not too long."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    said = " ".join(_ADDRESS.sub("", _UNSEEN.sub(" ", str(error))).split())
    return f"{type(error).__name__}: {said[:200]}".rstrip(": ")
