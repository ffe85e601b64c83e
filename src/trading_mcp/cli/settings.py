"""The configuration as the command line gives it."""

import argparse
import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from trading_mcp.config import Config, ConfigError, StorageSettings, flattened, load

DEFAULT = Path("config.toml")
_FLAGS = {
    "host": "server.host",
    "port": "server.port",
    "rest_port": "server.rest_port",
    "mcp_port": "server.mcp_port",
    "data_dir": "storage.data_dir",
    "log_format": "logging.format",
    "toolsets": "mcp.toolsets",
    "read_only": "mcp.read_only",
}


def configuration(arguments: argparse.Namespace) -> Config:
    """Read the file, then apply `--set`, then the flags of their own. Raises ConfigError."""
    path = arguments.config or (DEFAULT if DEFAULT.exists() else None)
    return load(path, [*arguments.set, *_flags(arguments)])


def check_config(arguments: argparse.Namespace) -> int:
    """Print every setting as it would be used, then what is wrong with them; 2 if they can't."""
    config = configuration(arguments)
    for key, value in sorted(listed(config).items()):
        print(f"{key} = {json.dumps(value)}")
    from trading_mcp.app.doctor import is_usable, settings_findings

    findings = list(settings_findings(config, os.environ))
    for finding in findings:
        if finding.verdict != "ok":
            what = "warning" if finding.verdict == "warn" else "wrong"
            print(f"{what}: {finding.check}: {finding.found}. {finding.do}.", file=sys.stderr)
    if not is_usable(findings):
        print("The configuration can't be used.", file=sys.stderr)
        return 2
    print("The configuration can be used.")
    return 0


def listed(config: Config) -> dict[str, Any]:
    """Return every setting by the name that the file has it under."""
    tree = msgspec.to_builtins(config)
    real = tree["exchanges"].pop("real")
    return flattened({**tree, "exchanges": {**tree["exchanges"], **real}})


def _flags(arguments: argparse.Namespace) -> list[str]:
    given = {key: getattr(arguments, flag, None) for flag, key in _FLAGS.items()}
    return [f"{key}={_toml(value)}" for key, value in given.items() if value is not None]


def _toml(value: Any) -> str:
    if isinstance(value, bool | list):
        return json.dumps(value)
    text = str(value)
    return text if text.isdigit() else json.dumps(text)


def any_data_dir(arguments: argparse.Namespace) -> Path:
    """Return the data directory even if the rest of the configuration is no good."""
    try:
        return Path(configuration(arguments).storage.data_dir)
    except ConfigError as error:
        named = arguments.data_dir or _data_dir_in(arguments.config or DEFAULT)
        print(f"trading-mcp: {error}. Going on with the data directory {named}.", file=sys.stderr)
        return Path(named)


def _data_dir_in(path: Path) -> str:
    try:
        return str(tomllib.loads(path.read_text())["storage"]["data_dir"])
    except (OSError, ValueError, KeyError, TypeError):
        return StorageSettings().data_dir
