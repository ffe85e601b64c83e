"""What the command line of a loopback exchange takes; nothing heavy is imported for it."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--port", type=int, default=0, metavar="N", help="0 (default): any")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="write kucoin.json there")
    parser.add_argument(
        "--ready-file",
        type=Path,
        metavar="PATH",
        help="write the address and the keys here as one line of JSON, once it answers",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting such as hf=true, balances.USDT=5000 or faults.reset=0.1; may be repeated",
    )
