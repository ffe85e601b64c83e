"""`python -m tests.torture`: kill servers that trade live, and compare the ledgers each time.

TRADING_MCP_KILLS says how often (1000), TRADING_MCP_SEED where seeds begin, TRADING_MCP_PAIRS how
many exchanges, each with a server of its own, run side by side.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from torture.running import main

if __name__ == "__main__":
    raise SystemExit(
        main(
            kills=int(os.environ.get("TRADING_MCP_KILLS", "1000")),
            seed=int(os.environ.get("TRADING_MCP_SEED", "1")),
            pairs=int(os.environ.get("TRADING_MCP_PAIRS", "6")),
        )
    )
