"""The arguments that nearly every command takes."""

import argparse
from pathlib import Path


def add_common(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take the configuration's place and changes to it."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="config.toml, if it is there")
    parser.add_argument("--data-dir", metavar="DIR", help="where state is kept")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="override one setting; may be repeated",
    )
