"""The official conformance suite against this server. `make conformance` installs it first."""

import asyncio
from pathlib import Path

import pytest

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / "build" / "conformance" / "node_modules"
SUITE = INSTALLED / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
NODES = sorted(INSTALLED.glob("node/node_modules/*/bin/node"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (SUITE.is_file() and NODES), reason="the suite is not installed: make conformance"
    ),
]


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_only_what_is_expected_fails(url: str, revision: str) -> None:
    suite = await asyncio.create_subprocess_exec(
        NODES[0],
        SUITE,
        *("server", "--url", url, "--suite", "all", "--spec-version", revision),
        *("--expected-failures", HERE / "conformance" / f"{revision}.yml"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await suite.communicate()

    assert suite.returncode == 0, said.decode()[-6000:]
