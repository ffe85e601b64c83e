"""`trading-mcp kill`: stop trading, whatever the server is stuck in."""

import argparse
import os
import signal
import sys
import urllib.error
from pathlib import Path
from typing import Any

from trading_mcp.adapters.data_directory import running_server
from trading_mcp.adapters.tripwire import KILL, FileTripwire
from trading_mcp.adapters.tripwire.file import cleaned
from trading_mcp.adapters.tripwire.listener import SIGNAL
from trading_mcp.cli.asking import ask
from trading_mcp.cli.settings import any_data_dir
from trading_mcp.config import API_KEY
from trading_mcp.domain.errors import StorageUnavailable

TIMEOUT_S = 5.0
"""The server cancels what it can meanwhile; one that takes longer is asked no further."""
_PATH = "/api/v1/risk/sentinel/kill-switch"


def kill(arguments: argparse.Namespace) -> int:
    """Write the file, signal the server, ask it what it did, cancel past it if that is asked.

    Returns 0 only if the file is written; 3 if it is, and orders may be open that were to be
    cancelled.
    """
    directory = any_data_dir(arguments)
    tripwire = FileTripwire(directory / KILL)
    if arguments.status:
        return _say_status(tripwire, directory)
    reason = cleaned(arguments.reason) or "no reason given"
    written = _trip(tripwire, directory, reason)
    running = running_server(directory)
    if running is None:
        _say("server", f"none runs on {directory}; the next one finds the file when it starts")
    else:
        _say("signal", signalled(running.get("pid")))
        _say("server", _asked(running, reason))
    swept = True
    if arguments.cancel_orders:
        from trading_mcp.cli.sweeping import cancel_orders

        swept = cancel_orders(arguments, _say)
    return 1 if not written else 0 if swept else 3


def signalled(pid: Any) -> str:
    """Send the signal to the process, if it listens to it, and say what came of it."""
    if not isinstance(pid, int):
        return "not sent: the server has only just started"
    try:
        # One that does not listen, of an older version, would be ended by it.
        if not _listens(pid):
            return f"not sent: process {pid} does not listen to it"
        os.kill(pid, SIGNAL)
    except OSError as error:
        return f"not sent to process {pid}: {error.strerror}"
    return f"{SIGNAL.name} sent to process {pid}"


def _trip(tripwire: FileTripwire, directory: Path, reason: str) -> bool:
    before = tripwire.reason()
    try:
        tripwire.trip(reason)
    except StorageUnavailable as error:
        print(f"{'file':>8}  NOT WRITTEN: {error.message}", file=sys.stderr, flush=True)
        return False
    state = f"was there already: {before}" if before else "written"
    if before and before != reason:
        # Who stopped it first had a reason to; the later one is in the shell's history.
        state += f' (that reason stays; "{reason}" is not kept)'
    _say("file", f"{directory / KILL} {state}; nothing is opened or enlarged while it is there")
    return True


def _listens(pid: int) -> bool:
    """Say whether the process catches the signal, or holds it for a thread that waits for it."""
    status = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    masks = int(fields["SigBlk"], 16) | int(fields["SigCgt"], 16)
    return bool(masks & 1 << (signal.Signals(SIGNAL) - 1))


def _asked(running: dict[str, Any], reason: str) -> str:
    address = running.get("rest") or running.get("gateway") or running.get("mcp")
    if not address:
        return "not asked: it has not said yet where it answers"
    try:
        return _told(ask(f"{address}{_PATH}", {"reason": reason}, within_s=TIMEOUT_S))
    except urllib.error.HTTPError as error:
        hint = f" (set {API_KEY} to a key with the scope control)" if error.code == 401 else ""
        return f"{address} refuses: {error.code} {error.reason}{hint}. The file holds."
    except (OSError, ValueError, KeyError) as error:
        why = f"within {TIMEOUT_S:g} s" if "timed out" in str(error) else f"({error})"
        return f"{address} does not answer {why}. The file holds; its orders may rest on."


def _told(answer: dict[str, Any]) -> str:
    cancelled, unresolved = answer["cancelled"], answer["unresolved"]
    told = f"the kill switch is on; {len(cancelled)} working entries cancelled"
    left = f"; NOT KNOWN to be cancelled: {', '.join(unresolved)}" if unresolved else ""
    return told + left


def _say_status(tripwire: FileTripwire, directory: Path) -> int:
    reason = tripwire.reason()
    _say("file", f"{directory / KILL}: {reason}" if reason else f"no {directory / KILL}")
    _say("server", _state(running_server(directory)))
    return 0 if reason else 1


def _state(running: dict[str, Any] | None) -> str:
    if running is None:
        return "none runs"
    address = running.get("rest") or running.get("gateway") or running.get("mcp")
    try:
        answer = ask(f"{address}/api/v1/scalping/status", within_s=TIMEOUT_S)["data"]
    except (OSError, ValueError, KeyError) as error:
        return f"process {running.get('pid')} does not answer: {error}"
    switch = "ON" if answer["kill_switch_active"] else "off"
    return f"process {running.get('pid')}: kill switch {switch}"


def _say(what: str, told: str) -> None:
    # At once: what comes after may take seconds, or for ever.
    print(f"{what:>8}  {told}", flush=True)
