"""`trading-mcp status`: how the running server is."""

import argparse
import json
import sys
import urllib.error
from pathlib import Path
from typing import Any

from trading_mcp.adapters.data_directory import running_server
from trading_mcp.cli.asking import ask
from trading_mcp.cli.settings import configuration
from trading_mcp.config import API_KEY

TIMEOUT_S = 5


def status(arguments: argparse.Namespace) -> int:
    """Print what the server says of itself; 1 if none is running, 3 if it does not answer."""
    directory = Path(configuration(arguments).storage.data_dir)
    running = running_server(directory)
    address = running and (running.get("rest") or running.get("gateway") or running.get("mcp"))
    if running is None or not address:
        what = "is starting" if running else "is running"
        print(f"No server {what} on {directory.resolve()}.", file=sys.stderr)
        return 1
    try:
        answer = ask(f"{address}/api/v1/scalping/status", within_s=TIMEOUT_S)["data"]
    except urllib.error.HTTPError as error:
        hint = f"; set {API_KEY} to one of its keys" if error.code == 401 else ""
        print(f"The server at {address} refuses: {error}{hint}", file=sys.stderr)
        return 3
    except (OSError, ValueError, urllib.error.URLError) as error:
        print(f"The server at {address} does not answer: {error}", file=sys.stderr)
        return 3
    print(json.dumps(answer, indent=2) if arguments.json else _told(address, running, answer))
    return 0


def _told(address: str, running: dict[str, Any], answer: dict[str, Any]) -> str:
    lines = {
        "server": f"{address} (process {running.get('pid')}, up {answer['uptime']})",
        "engine": "running" if answer["running"] else "stopped",
        "health": answer["health_status"],
        "trading time": answer["trading_time"],
        "exchanges": ", ".join(answer["exchanges"]),
        "pairs": ", ".join(answer["pairs"]) or "none",
        "strategies": ", ".join(answer["strategies"]) or "none",
        "positions": f"{answer['open_positions']} open",
        "may trade": "yes" if answer["can_trade"] else f"no: {answer['limit_reason']}",
        "kill switch": "ON" if answer["kill_switch_active"] else "off",
    }
    told = [f"{name:>13}  {value}" for name, value in lines.items()]
    return "\n".join([*told, *(f"{'problem':>13}  {error}" for error in answer["errors"])])
