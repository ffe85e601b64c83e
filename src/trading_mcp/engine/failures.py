"""What is logged of a failure that an exchange's adapter raised."""

from typing import Any

_FAULTS = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError),
    *(NameError, RuntimeError, TypeError, ValueError),
)
"""Errors of code. Networks fail with an OSError, exchange libraries with kinds of their own."""
_LONGEST = 300
"""Characters: some exchanges answer with a whole page."""


def failure(error: Exception) -> dict[str, Any]:
    """Return the fields to log *error* with while it is handled: an outage is one line, each time
    that it is met; a fault of the code has its trace."""
    said = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")
    return {"error": said[:_LONGEST], "exc_info": isinstance(error, _FAULTS)}
