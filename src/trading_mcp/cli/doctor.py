"""`trading-mcp doctor`: what is wrong, before a start."""

import argparse
import asyncio
import os
from typing import TYPE_CHECKING

import msgspec

from trading_mcp.cli.settings import configuration
from trading_mcp.config import ConfigError

if TYPE_CHECKING:
    from trading_mcp.app.doctor import Finding


def doctor(arguments: argparse.Namespace) -> int:
    """Print what is found; 1 if anything must be put right first."""
    from trading_mcp.api.logging import configure_logging
    from trading_mcp.app.doctor import is_usable

    configure_logging("console", "error")  # libraries' facts are not findings
    findings = asyncio.run(_examined(arguments))
    if arguments.json:
        answer = {"usable": is_usable(findings), "findings": findings}
        print(msgspec.json.format(msgspec.json.encode(answer)).decode())
    else:
        print(_summary(findings))
    return 0 if is_usable(findings) else 1


async def _examined(arguments: argparse.Namespace) -> list["Finding"]:
    from trading_mcp.adapters.clocks import SystemClock
    from trading_mcp.app.doctor import Finding, examine

    try:
        config = configuration(arguments)
    except ConfigError as error:
        do = "correct it; docs/configuration.md has every setting"
        wrong = Finding(check="configuration", verdict="fail", found=str(error), do=do)
        return [_shown(arguments, wrong)]
    found = examine(
        config,
        environ=os.environ,
        clock=SystemClock(),
        offline=arguments.offline,
        timeout_s=arguments.timeout,
    )
    return [_shown(arguments, finding) async for finding in found]


def _shown(arguments: argparse.Namespace, finding: "Finding") -> "Finding":
    """Print a finding at once: the next one may take seconds."""
    if not arguments.json:
        lines = [f"{finding.verdict:>4}  {finding.check}: {finding.found}"]
        lines += [f"      expected: {finding.expected}"] if finding.expected else []
        lines += [f"      do: {finding.do}"] if finding.do else []
        print("\n".join(lines), flush=True)
    return finding


def _summary(findings: list["Finding"]) -> str:
    failed = sum(finding.verdict == "fail" for finding in findings)
    warned = sum(finding.verdict == "warn" for finding in findings)
    if failed:
        return f"{failed} to put right, {warned} to know of."
    return f"Ready to start; {warned} to know of." if warned else "Ready to start."
