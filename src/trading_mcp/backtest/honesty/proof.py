"""The proof that a strategy neither looks ahead nor lacks warm-up, before it is believed."""

import hashlib

import msgspec

from trading_mcp.backtest.honesty.digests import source_digest
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.ports import TrialLedger
from trading_mcp.strategy.base import Params, Strategy
from trading_mcp.strategy.conformance import check_strategy


class NotProven(InvalidParameter):
    """A strategy that fails the conformance trials: what it answers over a past means nothing."""


def prove(cls: type[Strategy], ledger: TrialLedger, params: Params | None = None) -> str:
    """Return the digest of the source of *cls*, after it has passed the trials with *params* (its
    defaults): looking ahead can hide behind a parameter.

    The trials take half a second or so, and are held again only for another source or parameters.

    Raises:
        NotProven: it failed; the detail `findings` holds all that was found.
        StorageUnavailable: the ledger cannot be asked.
    """
    source = source_digest(cls)
    digest = source if params is None else _digest(source, cls, params)
    if not ledger.is_proven(digest):
        report = check_strategy(cls) if params is None else check_strategy(cls, params)
        if not report.passed:
            raise _refusal(cls, params, report.findings)
        ledger.note_proven(digest)
    return source


def _digest(source: str, cls: type[Strategy], params: Params) -> str:
    told = msgspec.json.encode(params, order="sorted")
    is_usual = told == msgspec.json.encode(cls.params_type(), order="sorted")
    return source if is_usual else hashlib.sha256(source.encode() + told).hexdigest()


def _refusal(cls: type[Strategy], params: Params | None, findings: tuple[str, ...]) -> NotProven:
    listed = "\n  ".join(findings)
    those = "" if params is None else f" with {msgspec.json.encode(params).decode()}"
    return NotProven(
        f"{cls.name}{those} fails the proof that is held before a run, so it was not run:\n"
        f"  {listed}",
        hint="Row i of a strategy's answer may depend on rows 0..i only, and on no more than "
        "`warmup` rows before; `trading-mcp plugins check` holds the same trials.",
        findings=list(findings),
    )
