"""The configuration as the command line gives it."""

import argparse
import json
from pathlib import Path
from typing import Any

import msgspec

from trading_mcp.config import Config, flattened, load

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
    """Print every setting as it would be used; an error says what is wrong."""
    config = configuration(arguments)
    for key, value in sorted(flattened(msgspec.to_builtins(config)).items()):
        print(f"{key} = {json.dumps(value)}")
    print("The configuration can be used.")
    return 0


def _flags(arguments: argparse.Namespace) -> list[str]:
    given = {key: getattr(arguments, flag, None) for flag, key in _FLAGS.items()}
    return [f"{key}={_toml(value)}" for key, value in given.items() if value is not None]


def _toml(value: Any) -> str:
    if isinstance(value, bool | list):
        return json.dumps(value)
    text = str(value)
    return text if text.isdigit() else json.dumps(text)
