"""Strategies of one's own, from the first command to the first trade, and those that are broken."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

RAISES = "raise RuntimeError('not on this machine')\n"
LOOKS_AHEAD = ("average = sma(candles.close", "average = sma(candles.close[::-1]")


@pytest.fixture
def install(tmp_path: Path, environment: dict[str, str]) -> Callable[[Path], None]:
    """A function that installs a package for this test's processes alone."""
    site = tmp_path / "site"
    environment["PYTHONPATH"] = os.pathsep.join([str(site), environment.get("PYTHONPATH", "")])

    def installing(package: Path) -> None:
        offline = ["--no-deps", "--no-build-isolation", "--no-index", "--no-compile", "-q"]
        command = [sys.executable, "-m", "pip", "install", *offline, "--target", site, package]
        subprocess.run(command, check=True, env=environment)

    return installing


def test_a_new_package_is_installed_enabled_and_trades(
    run, install, serve, until, tmp_path
) -> None:
    written = run("plugins", "new", "my_idea", "--into", tmp_path)
    install(tmp_path / "trading-mcp-my-idea")
    listed = run("plugins", "list", "--set", "strategies.enabled=['my_idea']")
    checked = run("plugins", "check", "my_idea")

    server = serve(strategies__enabled=["my_idea"], exchanges__sim__speed=600)

    until(lambda: server.get("/api/v1/scalping/strategies/my_idea/performance")["total_trades"])
    assert [each.returncode for each in (written, listed, checked)] == [0, 0, 0]
    assert server.get("/api/v1/scalping/positions/history")[0]["strategy"] == "my_idea"


def test_broken_packages_are_listed_and_the_others_trade(
    run, install, serve, until, tmp_path: Path
) -> None:
    for name in ("raising", "peeking"):
        run("plugins", "new", name, "--into", tmp_path)
    raising = tmp_path / "trading-mcp-raising" / "trading_mcp_raising.py"
    raising.write_text(RAISES)
    peeking = tmp_path / "trading-mcp-peeking" / "trading_mcp_peeking.py"
    peeking.write_text(peeking.read_text().replace(*LOOKS_AHEAD))
    install(tmp_path / "trading-mcp-raising")
    install(tmp_path / "trading-mcp-peeking")
    enabled = ["missing", "peeking", "raising", "rsi"]

    listed = run("plugins", "list", "--set", f"strategies.enabled={enabled}")
    checked = run("plugins", "check", "peeking")
    server = serve(strategies__enabled=enabled, exchanges__sim__speed=600)
    until(lambda: len(problems(server)) == 3)
    until(lambda: server.get("/api/v1/scalping/execution/history"))

    assert (listed.returncode, checked.returncode) == (1, 1)
    assert "raising is broken: RuntimeError: not on this machine" in listed.stdout
    assert "missing is broken: not installed" in listed.stdout
    assert "peeking (trading-mcp-peeking 0.1.0): FAILS" in checked.stdout
    told = problems(server)
    assert "plugin missing: not installed" in told
    assert "plugin raising: RuntimeError: not on this machine" in told
    assert any(t.startswith("strategy peeking was stopped: breaks the contract") for t in told)
    owners = {order["strategy"] for order in server.get("/api/v1/scalping/positions")}
    assert "peeking" not in owners
    assert server.get("/api/v1/scalping/health")["status"] == "degraded"


def problems(server) -> list[str]:
    return server.get("/api/v1/scalping/status")["errors"]
