"""What a check has found."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Verdict = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One fact: what was looked at, what was found; if it is not right, also what was expected
    and what to do. A "fail" keeps the server from starting, or from trading as configured."""

    check: str
    verdict: Verdict
    found: str
    expected: str = ""
    do: str = ""


def ok(check: str, found: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(check=check, verdict="ok", found=found)


def warn(check: str, found: str, *, do: str, expected: str = "") -> Finding:
    """Return a finding that somebody should know."""
    return Finding(check=check, verdict="warn", found=found, expected=expected, do=do)


def fail(check: str, found: str, *, do: str, expected: str = "") -> Finding:
    """Return a finding that must be put right first."""
    return Finding(check=check, verdict="fail", found=found, expected=expected, do=do)


def is_usable(findings: Iterable[Finding]) -> bool:
    """Say whether nothing has failed."""
    return all(finding.verdict != "fail" for finding in findings)
